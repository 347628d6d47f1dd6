import SystemIO

/// A pack's bytes around its chunks.
///
/// ```
/// header, 16 bytes    CSNAPPK1, u8 kind, 7 x 0
/// chunks              stored forms, one behind the other
/// table               one zstd frame (PackTable)
/// footer, 64 bytes    u32 stored length of the table, u32 its plaintext length, u32 CRC-32 of its stored form,
///                     pack id 32, 8 x 0, u32 CRC-32 of the 52 bytes before, CSNAPEND
/// ```
package enum PackLayout {
  package static let headerBytes = 16
  package static let footerBytes = 64

  package static func header(_ kind: PackKind) -> [UInt8] {
    var writer = ByteWriter(reserving: headerBytes)
    writer.append(magic: "CSNAPPK1")
    writer.append(kind.rawValue)
    writer.append([UInt8](repeating: 0, count: 7))
    return writer.bytes
  }

  /// Whether a pack begins as one of its kind does. Its id does not cover the header, so that a check looks here too.
  package static func check(header bytes: [UInt8], of kind: PackKind) throws(FormatError) {
    guard bytes == header(kind) else { throw FormatError(.notThisFormat, "a pack's header is not as it should be") }
  }

  /// A table's stored form and the footer behind it, and the pack's id.
  package static func tail(
    of table: PackTable, sealer: inout Sealer
  ) -> (id: ChunkID, bytes: [UInt8]) {
    let plaintext = table.encoded
    let id = ChunkID(of: plaintext)
    let stored = sealer.sealTable(plaintext)
    var writer = ByteWriter(reserving: footerBytes)
    writer.append(UInt32(stored.count))
    writer.append(UInt32(plaintext.count))
    writer.append(Sealer.checksum(stored.rawSpan))
    writer.append(id)
    writer.append(UInt64(0))
    writer.append(Sealer.checksum(writer.bytes.rawSpan))
    writer.append(magic: "CSNAPEND")
    return (id, stored + writer.bytes)
  }

  /// What a footer says of the table before it.
  package struct Footer: Equatable, Sendable {
    package var tableStoredLength: Int
    package var tableLength: Int
    package var tableChecksum: UInt32
    package var id: ChunkID
  }

  package static func footer(decoding bytes: [UInt8]) throws(FormatError) -> Footer {
    var reader = ByteReader(bytes.rawSpan, subject: "pack's footer")
    let storedLength = Int(try reader.integer(UInt32.self))
    let length = Int(try reader.integer(UInt32.self))
    let checksum = try reader.integer(UInt32.self)
    let id = try reader.id()
    let zero = try reader.integer(UInt64.self)
    guard try reader.integer(UInt32.self) == Sealer.checksum(bytes.rawSpan.extracting(first: 52)), zero == 0 else {
      throw FormatError(.checksum, "a pack's footer does not match its checksum")
    }
    try reader.expect(magic: "CSNAPEND")
    try reader.expectEnd()
    guard length <= Limits.tableBytes, storedLength <= Limits.storedTableBytes else {
      throw FormatError(.inconsistent, "a pack's footer promises a table past the limit")
    }
    return Footer(tableStoredLength: storedLength, tableLength: length, tableChecksum: checksum, id: id)
  }

  /// A pack's table from its stored form.
  /// - Parameter packLength: Bytes of the whole pack: the chunks must fill what is left.
  package static func table(
    decoding stored: [UInt8], footer: Footer, packLength: UInt64, sealer: inout Sealer
  ) throws(FormatError) -> PackTable {
    guard Sealer.checksum(stored.rawSpan) == footer.tableChecksum else {
      throw FormatError(.checksum, "a pack's table does not match its checksum")
    }
    let table = try table(decoding: stored, footer: footer, sealer: &sealer)
    guard UInt64(table.offset + stored.count + footerBytes) == packLength else {
      throw FormatError(.inconsistent, "a pack is \(packLength) bytes long, but its table says otherwise")
    }
    return table
  }

  /// The same of a pack that does not end as it should: its id proves the table, and nothing else is.
  package static func table(
    decoding stored: [UInt8], footer: Footer, sealer: inout Sealer
  ) throws(FormatError) -> PackTable {
    let plaintext = try sealer.openTable(stored.rawSpan, length: footer.tableLength)
    guard ChunkID(of: plaintext) == footer.id else {
      throw FormatError(.checksum, "a pack's table does not match the pack's id")
    }
    return try PackTable(decoding: plaintext)
  }

  /// What may be a pack's footer among bytes of its end, by the pack's id in it: something may have come behind it, and its
  /// last bytes may be wrong or gone. Nothing is proved.
  /// - Returns: Where each begins, from the last to the first.
  package static func footers(
    of pack: ChunkID, among bytes: [UInt8]
  ) -> [(offset: Int, footer: Footer)] {
    let id = pack.bytes
    // The id is behind three integers.
    let last = bytes.count - 12 - id.count
    guard last >= 0 else { return [] }
    return (0...last).reversed().compactMap { start in
      guard bytes[start + 12] == id[0], bytes[start + 12..<start + 12 + id.count].elementsEqual(id) else { return nil }
      func integer(_ from: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[start + from + $1]) << UInt32(8 * $1) }
      }
      return (
        start,
        Footer(
          tableStoredLength: Int(integer(0)), tableLength: Int(integer(4)), tableChecksum: integer(8), id: pack)
      )
    }
  }
}
