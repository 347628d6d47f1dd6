package import SystemIO

/// How backups of Chroma have always been named: what for, then day and time on a clock on the wall.
package struct BackupName: Hashable {
  /// The name, as it is, without an ending.
  package var name: String
  /// The moment that it says, in local time; `nil` where it says none.
  package var time: Timestamp?

  /// - Parameter file: The name of a ZIP or of a folder.
  package init(file: String) {
    name = Self.isZip(file) ? String(file.dropLast(4)) : file
    time = Self.stamp(name).flatMap(Timestamp.init(backup:))
  }

  static func isZip(_ file: String) -> Bool { file.lowercased().hasSuffix(".zip") && file.utf8.count > 4 }

  /// Whether a folder of backups may hold something of this name: a ZIP, or what the old scripts leave unpacked.
  static func mayBeBackup(_ file: String) -> Bool { isZip(file) || BackupName(file: file).time != nil }

  /// `20241220_143022` of `custom_name_20241220_143022`, and of `custom_name_20241220_143022-2`.
  private static func stamp(_ name: String) -> String? {
    var bytes = Array(name.utf8)
    let isDigit = { (byte: UInt8) in byte >= 0x30 && byte <= 0x39 }
    if let dash = bytes.lastIndex(of: UInt8(ascii: "-")), dash > 0, dash + 1 < bytes.count,
      bytes[(dash + 1)...].allSatisfy(isDigit)
    {
      bytes = Array(bytes[..<dash])
    }
    let end = Array(bytes.suffix(16))
    guard end.count == 16, end[0] == UInt8(ascii: "_"), end[9] == UInt8(ascii: "_"),
      (end[1..<9] + end[10...]).allSatisfy(isDigit)
    else { return nil }
    return String(decoding: end[1...], as: UTF8.self)
  }
}

extension Timestamp {
  /// A time as backups write it: RFC 3339; or in local time as Python does, `2024-12-20T14:30:22.123456`; or
  /// `20241220_143022`.
  package init?(backup text: String) {
    if let time = Timestamp(rfc3339: text) {
      self = time
      return
    }
    var text = text
    let bytes = Array(text.utf8)
    if bytes.count == 15, bytes[8] == UInt8(ascii: "_") {
      func part(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
      text = "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))"
    }
    self.init(local: text)
  }
}
