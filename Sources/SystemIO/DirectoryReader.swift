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
    var names: [[UInt8]] = []
    unsafe try forEachName(in: directory) { unsafe names.append([UInt8]($0)) }
    return names
  }

  package static func names(in path: FilePath) throws(SystemError) -> [[UInt8]] {
    try names(in: Descriptor(opening: path, .read, [.directory]))
  }

  /// The same, one name after the other, without allocating any.
  package static func forEachName(
    in directory: borrowing Descriptor, _ body: (UnsafeBufferPointer<UInt8>) -> Void
  ) throws(SystemError) {
    let raw = try systemCall("openat", directory.path) {
      unsafe openat(directory.raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    guard let stream = unsafe fdopendir(raw) else {
      let error = SystemError.last("fdopendir", directory.path)
      _ = close(raw)
      throw error
    }
    defer { unsafe _ = closedir(stream) }
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else {
        if errno != 0 { throw SystemError.last("readdir", directory.path) }
        return
      }
      unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
        unsafe field.withMemoryRebound(to: UInt8.self, capacity: 256) { start in
          let count = unsafe strlen(UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))
          let isDots = unsafe start[0] == 0x2E && (count == 1 || count == 2 && start[1] == 0x2E)
          if !isDots { unsafe body(UnsafeBufferPointer(start: start, count: count)) }
        }
      }
    }
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

extension [[UInt8]] {
  /// The names of a directory in the order of names in a tree.
  ///
  /// Nearly all differ in their first eight bytes, which are compared as one number: comparing arrays takes several times
  /// as long, most of it for counting who refers to them.
  package func sortedAsNames() -> [[UInt8]] {
    func start(of name: [UInt8]) -> UInt64 {
      // Filled up with zeros, one that has ended comes before none that it should follow.
      (0..<8).reduce(0) { $0 << 8 | ($1 < name.count ? UInt64(name[$1]) : 0) }
    }
    return indices.map { (start: start(of: self[$0]), index: $0) }
      .sorted { $0.start != $1.start ? $0.start < $1.start : nameOrder(self[$0.index], self[$1.index]) }
      .map { self[$0.index] }
  }
}
