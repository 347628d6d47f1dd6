import SystemIO

/// What a pack holds. Kept apart, so that walking trees reads little.
package enum PackKind: UInt8, Sendable {
  case data = 1
  /// Trees and chunk lists.
  case metadata = 2
}

/// One chunk in a pack.
package struct PackEntry: Hashable, Sendable {
  package var id: ChunkID
  /// Bytes of plaintext.
  package var length: UInt32
  /// Where the stored form begins in the pack, in bytes.
  package var offset: UInt32
  /// Bytes of the stored form.
  package var storedLength: UInt32
  package var encoding: Encoding
  /// 0 for a chunk stored whole. A patch is decoded only through a copy of its base with smaller depth.
  package var depth: UInt8
  /// For a patch: the chunk that it changes.
  package var base: ChunkID?
  /// CRC-32 of the stored form.
  package var checksum: UInt32

  package init(
    id: ChunkID, length: UInt32, offset: UInt32, storedLength: UInt32, encoding: Encoding, depth: UInt8 = 0,
    base: ChunkID? = nil, checksum: UInt32
  ) {
    self.id = id
    self.length = length
    self.offset = offset
    self.storedLength = storedLength
    self.encoding = encoding
    self.depth = depth
    self.base = base
    self.checksum = checksum
  }
}

/// A pack's table of contents. The pack's id is the SHA-256 of the table's plaintext: over all stored checksums and 16
/// random bytes, so that no id ever recurs.
///
/// Bytes, little-endian:
/// ```
/// CSTB, u8 version 1, u8 kind, u16 0, 16 random bytes, i64 made at (seconds since 1970), u32 count, then count times
/// {id 32, u32 length, u32 offset, u32 stored length, u8 codec, u8 phase, u8 depth, u8 0, u32 checksum, base 32 if patch}
/// ```
package struct PackTable: Equatable, Sendable {
  package var kind: PackKind
  package var nonce: [UInt8]
  /// When the pack was made, in seconds since 1970: a chain of patches ends by age too.
  package var created: Int64
  /// In the order of their offsets; together they fill the pack from its header to its table without a gap.
  package var entries: [PackEntry]

  package init(kind: PackKind, nonce: [UInt8], created: Int64, entries: [PackEntry]) {
    self.kind = kind
    self.nonce = nonce
    self.created = created
    self.entries = entries
  }

  /// Where the table lies in its pack: behind the chunks.
  package var offset: Int { entries.reduce(PackLayout.headerBytes) { $0 + Int($1.storedLength) } }

  package var encoded: [UInt8] {
    var writer = ByteWriter(reserving: 40 + entries.count * 84)
    writer.append(magic: "CSTB")
    writer.append(UInt8(1))
    writer.append(kind.rawValue)
    writer.append(UInt16(0))
    writer.append(nonce)
    writer.append(created)
    writer.append(UInt32(entries.count))
    for entry in entries {
      writer.append(entry.id)
      writer.append(entry.length)
      writer.append(entry.offset)
      writer.append(entry.storedLength)
      writer.append(entry.encoding.codec.rawValue)
      writer.append(entry.encoding.phase)
      writer.append(entry.depth)
      writer.append(UInt8(0))
      writer.append(entry.checksum)
      if let base = entry.base { writer.append(base) }
    }
    return writer.bytes
  }

  package init(decoding bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes.rawSpan, subject: "pack's table")
    try reader.expect(magic: "CSTB")
    guard try reader.integer(UInt8.self) == 1, let kind = PackKind(rawValue: try reader.integer()),
      try reader.integer(UInt16.self) == 0
    else { throw FormatError(.unsupported, "a pack of a version or kind that this program does not know") }
    self.kind = kind
    nonce = try reader.bytes(16)
    created = try reader.integer()
    let count = Int(try reader.integer(UInt32.self))
    guard count > 0, count <= Limits.packEntries else {
      throw FormatError(.inconsistent, "a pack's table promises \(count) chunks")
    }
    entries = []
    entries.reserveCapacity(count)
    var end = PackLayout.headerBytes
    for _ in 0..<count {
      let entry = try Self.entry(from: &reader)
      guard Int(entry.offset) == end else {
        throw FormatError(.inconsistent, "a pack's chunks do not lie one behind the other")
      }
      end += Int(entry.storedLength)
      entries.append(entry)
    }
    try reader.expectEnd()
  }

  private static func entry(from reader: inout ByteReader) throws(FormatError) -> PackEntry {
    let id = try reader.id()
    let length = try reader.integer(UInt32.self)
    let offset = try reader.integer(UInt32.self)
    let stored = try reader.integer(UInt32.self)
    guard let codec = Codec(rawValue: try reader.integer()) else {
      throw FormatError(.unsupported, "a chunk in an encoding that this program does not know")
    }
    let phase = try reader.integer(UInt8.self)
    let depth = try reader.integer(UInt8.self)
    let zero = try reader.integer(UInt8.self)
    let checksum = try reader.integer(UInt32.self)
    let base = codec == .patch ? try reader.id() : nil
    let entry = PackEntry(
      id: id, length: length, offset: offset, storedLength: stored, encoding: Encoding(codec, phase: phase),
      depth: depth, base: base, checksum: checksum)
    guard entry.isSensible, zero == 0 else {
      throw FormatError(.inconsistent, "a pack's table holds an entry that makes no sense")
    }
    return entry
  }
}

extension PackEntry {
  /// Whether it may be: what the format promises of every entry holds.
  package var isSensible: Bool {
    length > 0 && length <= Limits.chunkBytes && storedLength > 0 && storedLength <= Limits.storedChunkBytes
      && encoding.phase <= 3 && depth <= Limits.patchDepth && (depth > 0) == (encoding.codec == .patch)
      && (base != nil) == (encoding.codec == .patch) && base != id
  }
}
