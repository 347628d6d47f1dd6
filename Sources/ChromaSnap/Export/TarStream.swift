import SnapshotFormat
import SystemIO

/// The headers of a tar stream: POSIX pax interchange format (IEEE Std 1003.1, "pax"), which every tar reads.
///
/// ```
/// for each entry   a pax record where the header has no room: long names, fractions of seconds, large sizes, attributes;
///                  header, 512 bytes; the content, filled up to a multiple of 512 bytes with zeros
/// end              1,024 zeros
/// ```
struct TarStream {
  enum Kind: UInt8 {
    case file = 0x30
    case hardLink = 0x31
    case symbolicLink = 0x32
    case directory = 0x35
    fileprivate static let pax: UInt8 = 0x78
  }

  static let end = [UInt8](repeating: 0, count: 1024)
  private static let block = 512

  /// What follows the content of a file.
  static func padding(after length: UInt64) -> [UInt8] {
    [UInt8](repeating: 0, count: (block - Int(length % UInt64(block))) % block)
  }

  /// The header of an entry, with the pax record before it.
  /// - Parameters:
  ///   - path: Relative, without a slash at its end; any bytes.
  ///   - target: Of a link: where it leads.
  static func header(_ kind: Kind, _ entry: TreeEntry, path: [UInt8], target: [UInt8] = []) -> [UInt8] {
    let name = kind == .directory ? path + [UInt8(ascii: "/")] : path
    let size = kind == .file ? entry.size : 0
    var records: [UInt8] = []
    if name.count > 100 { records += record("path", name) }
    if target.count > 100 { records += record("linkpath", target) }
    // Bytes that are no UTF-8 have to be announced.
    let isText = String(validating: name, as: UTF8.self) != nil && String(validating: target, as: UTF8.self) != nil
    if !records.isEmpty, !isText { records = record("hdrcharset", Array("BINARY".utf8)) + records }
    if size > octalLimit(12) { records += record("size", Array("\(size)".utf8)) }
    if entry.modified.seconds < 0 || entry.modified.nanoseconds != 0 || entry.modified.seconds > octalLimit(12) {
      records += record("mtime", Array(time(entry.modified).utf8))
    }
    if entry.owner > octalLimit(8) { records += record("uid", Array("\(entry.owner)".utf8)) }
    if entry.group > octalLimit(8) { records += record("gid", Array("\(entry.group)".utf8)) }
    if kind != .hardLink {
      for attribute in entry.attributes {
        records += record("SCHILY.xattr.\(String(decoding: attribute.name, as: UTF8.self))", attribute.value)
      }
    }
    let header = ustar(kind.rawValue, entry, name, target, size)
    guard !records.isEmpty else { return header }
    let plain = TreeEntry(
      name: [], kind: .file(.empty, .contentDefined), permissions: 0o600, owner: 0, group: 0,
      modified: Timestamp(seconds: 0))
    return ustar(Kind.pax, plain, Array("pax".utf8), [], UInt64(records.count)) + records
      + padding(after: UInt64(records.count)) + header
  }

  /// `length key=value\n`, where the length counts itself.
  private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
    let rest = Array(" \(key)=".utf8) + value + [0x0A]
    var length = rest.count
    while length != rest.count + "\(length)".utf8.count { length = rest.count + "\(length)".utf8.count }
    return Array("\(length)".utf8) + rest
  }

  /// Seconds with a fraction; a negative time is written as one that lies before the epoch as a whole.
  private static func time(_ time: Timestamp) -> String {
    guard time.seconds < 0, time.nanoseconds != 0 else {
      return "\(time.seconds).\(padded(time.nanoseconds, 9))"
    }
    let whole = -(time.seconds + 1)
    return "-\(whole).\(padded(1_000_000_000 - time.nanoseconds, 9))"
  }

  private static func octalLimit<Value: FixedWidthInteger>(_ width: Int) -> Value {
    Value(clamping: (1 << (3 * (width - 1))) - 1)
  }

  /// name 100, mode 8, uid 8, gid 8, size 12, mtime 12, checksum 8, kind 1, linkname 100, "ustar\0" "00", user and group
  /// names 32 each, device numbers 8 each, prefix 155, 12 spare.
  private static func ustar(
    _ kind: UInt8, _ entry: TreeEntry, _ name: [UInt8], _ target: [UInt8], _ size: UInt64
  ) -> [UInt8] {
    func text(_ bytes: [UInt8], _ width: Int) -> [UInt8] {
      Array(bytes.prefix(width)) + [UInt8](repeating: 0, count: max(0, width - bytes.count))
    }
    func octal(_ value: UInt64, _ width: Int) -> [UInt8] {
      let digits = String(min(value, octalLimit(width)), radix: 8)
      return Array(String(repeating: "0", count: width - 1 - digits.count).utf8) + Array(digits.utf8) + [0]
    }
    var header = text(name, 100) + octal(UInt64(entry.permissions), 8) + octal(UInt64(entry.owner), 8)
    header += octal(UInt64(entry.group), 8) + octal(size, 12)
    header += octal(UInt64(max(0, entry.modified.seconds)), 12)
    let checksumAt = header.count
    header += [UInt8](repeating: UInt8(ascii: " "), count: 8) + [kind] + text(target, 100)
    header += Array("ustar\u{0}00".utf8) + text([], 64) + octal(0, 8) + octal(0, 8) + text([], 167)
    let sum = header.reduce(0 as UInt64) { $0 + UInt64($1) }
    header.replaceSubrange(checksumAt..<checksumAt + 7, with: octal(sum, 7))
    return header
  }
}
