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

  /// The same in the order of names in a tree, all of them in one piece of memory. O(entries log(entries)).
  package static func sortedNames(in directory: borrowing Descriptor) throws(SystemError) -> [ArraySlice<UInt8>] {
    var bytes: [UInt8] = []
    var ends: [Int] = []
    unsafe try forEachName(in: directory) { name in
      unsafe bytes.append(contentsOf: name)
      ends.append(bytes.count)
    }
    var start = 0
    let names = ends.map { end in
      defer { start = end }
      return bytes[start..<end]
    }
    return order(of: names).map { names[$0] }
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
package func nameOrder(_ a: [UInt8], _ b: [UInt8]) -> Bool { nameOrder(a[...], b[...]) }

package func nameOrder(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Bool {
  let common = min(a.count, b.count)
  let order = unsafe a.withUnsafeBytes { x in
    unsafe b.withUnsafeBytes { y in common == 0 ? 0 : unsafe memcmp(x.baseAddress!, y.baseAddress!, common) }
  }
  return order == 0 ? a.count < b.count : order < 0
}

extension [[UInt8]] {
  /// The names of a directory in the order of names in a tree.
  package func sortedAsNames() -> [[UInt8]] { order(of: map { $0[...] }).map { self[$0] } }
}

/// The places of names in the order of names in a tree.
///
/// Nearly all differ in their first eight bytes, which are compared as one number: comparing arrays takes several times
/// as long, most of it for counting who refers to them.
private func order(of names: [ArraySlice<UInt8>]) -> [Int] {
  func start(of name: ArraySlice<UInt8>) -> UInt64 {
    // Filled up with zeros, one that has ended comes before none that it should follow.
    let bytes = name.prefix(8)
    return bytes.reduce(0) { $0 << 8 | UInt64($1) } << UInt64(8 * (8 - bytes.count))
  }
  return names.indices.map { (start: start(of: names[$0]), index: $0) }
    .sorted { $0.start != $1.start ? $0.start < $1.start : nameOrder(names[$0.index], names[$1.index]) }
    .map(\.index)
}
