/// The extra fields that are understood (APPNOTE.TXT 4.5 and Info-ZIP's `extrafld.txt`): each is a tag of 2 bytes, a length
/// of 2 bytes, and that many bytes.
///
/// ```
/// 0x0001  ZIP64 (4.5.3): of bytes, compressed bytes, offset (8 each) and disk (4), those that say "elsewhere" in the header
/// 0x000A  NTFS (4.5.5): 4 reserved, then tag 0x0001, length 24: modified, accessed, created, each in 100 ns since 1601
/// 0x5455  extended timestamp: 1 byte of flags (bit 0: modified is there), seconds since 1970 as a signed 32-bit number
/// 0x7075  Unicode path (4.6.9): 1 byte version (1), CRC-32 of the name in the header, the name in UTF-8
/// ```
enum ExtraField {
  static let zip64: UInt16 = 0x0001
  static let ntfs: UInt16 = 0x000A
  static let timestamp: UInt16 = 0x5455
  static let unicodePath: UInt16 = 0x7075

  /// Calls `body` with each field. What does not parse to the end is ignored: some programs pad with zeros.
  static func forEach(_ extra: ArraySlice<UInt8>, _ body: (_ tag: UInt16, _ field: ArraySlice<UInt8>) -> Void) {
    var rest = extra
    while rest.count >= 4 {
      let length = Int(rest.integer(at: 2, as: UInt16.self))
      guard rest.count - 4 >= length else { return }
      let start = rest.startIndex + 4
      body(rest.integer(at: 0, as: UInt16.self), rest[start..<start + length])
      rest = rest[(start + length)...]
    }
  }

  /// From the beginning of Windows' time to that of Unix, in seconds.
  static let windowsEpoch: Int64 = 11_644_473_600

  /// The extended timestamp; where the time does not fit into it (before 1902, after 2038), that of NTFS, in whole seconds
  /// too; nothing where it fits into neither.
  static func timestamp(_ seconds: Int64) -> [UInt8] {
    guard let short = Int32(exactly: seconds) else { return ntfs(seconds) }
    var field: [UInt8] = []
    field.append(integer: timestamp)
    field.append(integer: UInt16(5))
    field.append(1)
    field.append(integer: short)
    return field
  }

  private static func ntfs(_ seconds: Int64) -> [UInt8] {
    let (since1601, overflow) = seconds.addingReportingOverflow(windowsEpoch)
    guard !overflow, since1601 > 0, since1601 <= .max / 10_000_000 else { return [] }
    var field: [UInt8] = []
    field.append(integer: ntfs)
    field.append(integer: UInt16(32))
    field.append(integer: UInt32(0))
    field.append(integer: UInt16(1))
    field.append(integer: UInt16(24))
    for _ in 1...3 { field.append(integer: UInt64(since1601) * 10_000_000) }
    return field
  }

  /// A ZIP64 field with these numbers.
  static func zip64(_ numbers: [UInt64]) -> [UInt8] {
    guard !numbers.isEmpty else { return [] }
    var field: [UInt8] = []
    field.append(integer: zip64)
    field.append(integer: UInt16(8 * numbers.count))
    for number in numbers { field.append(integer: number) }
    return field
  }
}

extension [UInt8] {
  /// Adds one little-endian integer.
  mutating func append<Value: FixedWidthInteger>(integer value: Value) {
    for shift in stride(from: 0, to: Value.bitWidth, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
  }
}

extension ArraySlice<UInt8> {
  /// The little-endian integer `offset` bytes from the start. It must be there.
  func integer<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type) -> Value {
    var value: Value = 0
    for i in 0..<Value.bitWidth / 8 {
      value |= Value(truncatingIfNeeded: self[startIndex + offset + i]) << (8 * i)
    }
    return value
  }
}
