package import SystemPackage

/// What is mounted where, as Linux tells it.
package enum MountPoints {
  private static let table: FilePath = "/proc/self/mountinfo"

  /// The places below a folder, whose path has no symbolic links, that something is mounted on; not the folder itself. None
  /// where the system has no such table.
  package static func below(_ folder: FilePath) throws(SystemError) -> [FilePath] {
    guard FileStatus.exists(table) else { return [] }
    return try read().split(separator: UInt8(ascii: "\n")).compactMap { line in
      // Two ids, a device, the folder there, and the mount point.
      let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
      guard fields.count > 4 else { return nil }
      let point = FilePath(bytes: unescaped(fields[4]))
      return point != folder && point.starts(with: folder) ? point : nil
    }
  }

  private static func read() throws(SystemError) -> [UInt8] {
    let file = try Descriptor(opening: table)
    // It has no size before it has been read.
    var buffer = ByteBuffer(capacity: 1 << 16)
    while true {
      buffer.count = unsafe try file.read(at: 0, into: buffer.storage)
      if buffer.count < buffer.capacity { return unsafe Array(buffer.pointer) }
      buffer = ByteBuffer(capacity: buffer.capacity * 4)
    }
  }

  /// Blanks and the like are written as a backslash and three octal digits.
  private static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8) {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return bytes
  }
}
