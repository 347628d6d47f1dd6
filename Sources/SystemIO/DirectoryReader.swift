package import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The names in a directory.
package enum DirectoryReader {
  /// The names in an open directory, without `.` and `..`, in no particular order.
  ///
  /// Reads through a descriptor of its own, so the one given keeps its position. O(entries).
  package static func names(in directory: borrowing Descriptor) throws(SystemError) -> [[UInt8]] {
    let raw = try systemCall("openat", directory.path) {
      unsafe openat(directory.raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    guard let stream = unsafe fdopendir(raw) else {
      let error = SystemError.last("fdopendir", directory.path)
      _ = close(raw)
      throw error
    }
    defer { unsafe _ = closedir(stream) }
    var names: [[UInt8]] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else {
        if errno != 0 { throw SystemError.last("readdir", directory.path) }
        return names
      }
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
        unsafe field.withMemoryRebound(to: UInt8.self, capacity: 256) { start in
          unsafe [UInt8](
            UnsafeBufferPointer(
              start: start, count: strlen(UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))))
        }
      }
      if name != [0x2E] && name != [0x2E, 0x2E] { names.append(name) }
    }
  }

  package static func names(in path: FilePath) throws(SystemError) -> [[UInt8]] {
    try names(in: Descriptor(opening: path, .read, [.directory]))
  }
}

/// The order of names in a tree: by their bytes.
package func nameOrder(_ a: [UInt8], _ b: [UInt8]) -> Bool {
  let common = min(a.count, b.count)
  let order = unsafe a.withUnsafeBytes { x in
    unsafe b.withUnsafeBytes { y in common == 0 ? 0 : unsafe memcmp(x.baseAddress!, y.baseAddress!, common) }
  }
  return order == 0 ? a.count < b.count : order < 0
}
