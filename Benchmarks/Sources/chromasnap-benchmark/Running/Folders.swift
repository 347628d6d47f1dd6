import Foundation

/// What the benchmarks do with folders, apart from measuring.
enum Folders {
  static func make(_ path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  static func remove(_ path: String) {
    guard exists(path) else { return }
    _ = try? Command(["rm", "-rf", path], in: "/").run(log: "/dev/null", mayFail: true)
  }

  static func copy(_ from: String, to: String) throws {
    try Command(["cp", "-a", from, to], in: "/").run(log: "/dev/null")
  }

  /// Bytes of all files below.
  static func bytes(_ path: String) -> Int {
    files(path).reduce(0) { $0 + $1.size }
  }

  /// All plain files below, by their paths.
  static func files(_ path: String) -> [(path: String, size: Int)] {
    var found: [(String, Int)] = []
    var waiting = [path]
    while let folder = waiting.popLast() {
      guard let handle = opendir(folder) else { continue }
      defer { closedir(handle) }
      while let entry = readdir(handle) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name == "." || name == ".." { continue }
        let path = "\(folder)/\(name)"
        var status = stat()
        guard lstat(path, &status) == 0 else { continue }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: waiting.append(path)
        case S_IFREG: found.append((path, Int(status.st_size)))
        default: break
        }
      }
    }
    return found
  }

  /// Reads every file once, so that no tool pays for a cold disk.
  static func heat(_ path: String) {
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    eachFile(below: path) { descriptor in
      while read(descriptor, buffer, 1 << 20) > 0 {}
    }
  }

  /// Gives the memory back in which the system keeps what is in a folder's files, as far as it is on the disk.
  static func cool(_ path: String) {
    #if os(Linux)
      eachFile(below: path) { descriptor in
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
      }
    #endif
  }

  /// Opens every file that can be read, one after the other.
  private static func eachFile(below path: String, _ body: (CInt) -> Void) {
    for file in files(path) {
      let descriptor = open(file.path, O_RDONLY)
      guard descriptor >= 0 else { continue }
      body(descriptor)
      close(descriptor)
    }
  }

  /// Fails unless two folders hold the same files.
  static func compare(_ a: String, _ b: String, log: String) throws {
    try Command(["diff", "--recursive", "--brief", "--no-dereference", a, b], in: "/").run(log: log)
  }

  /// So long that no tool doubts a file because of its age.
  static func settle() { usleep(2_500_000) }
}
