import SeededNumbers
import SnapshotFormat
import SystemIO
import Testing

@Suite("Packs")
struct PackTests {
  /// A pack in memory.
  private struct Pack {
    var id: ChunkID
    var table: PackTable
    var bytes: [UInt8]
  }

  private func table(_ generator: inout SeededGenerator, count: Int) -> PackTable {
    var offset = PackLayout.headerBytes
    let entries = (0..<count).map { i -> PackEntry in
      let codec = Codec.allCases[generator.int(0..<5)]
      let stored = generator.int(1..<200)
      defer { offset += stored }
      return PackEntry(
        id: ChunkID(of: generator.bytes(8)), length: UInt32(generator.int(1..<Limits.chunkBytes + 1)),
        offset: UInt32(offset), storedLength: UInt32(stored),
        encoding: Encoding(codec, phase: UInt8(generator.int(0..<4))),
        depth: codec == .patch ? UInt8(generator.int(1..<Limits.patchDepth + 1)) : 0,
        base: codec == .patch ? ChunkID(of: generator.bytes(9)) : nil,
        checksum: UInt32(truncatingIfNeeded: generator.next()))
    }
    return PackTable(
      kind: generator.chance(2) ? .data : .metadata, nonce: generator.bytes(16),
      created: Int64(bitPattern: generator.next()), entries: entries)
  }

  private func pack(_ generator: inout SeededGenerator, count: Int) -> Pack {
    let table = table(&generator, count: count)
    var sealer = Sealer()
    let stored = table.entries.reduce(0) { $0 + Int($1.storedLength) }
    let (id, tail) = PackLayout.tail(of: table, sealer: &sealer)
    return Pack(id: id, table: table, bytes: PackLayout.header(table.kind) + generator.bytes(stored) + tail)
  }

  /// What a reader does with the end of a pack.
  private func readTable(_ pack: [UInt8]) throws(FormatError) -> (ChunkID, PackTable) {
    guard pack.count >= PackLayout.headerBytes + PackLayout.footerBytes else { throw FormatError(.truncated, "short") }
    let footer = try PackLayout.footer(decoding: Array(pack.suffix(PackLayout.footerBytes)))
    let before = footer.tableStoredLength + PackLayout.footerBytes
    guard before + PackLayout.headerBytes <= pack.count else { throw FormatError(.truncated, "short") }
    var sealer = Sealer()
    let table = try PackLayout.table(
      decoding: Array(pack[(pack.count - before)...].prefix(footer.tableStoredLength)), footer: footer,
      packLength: UInt64(pack.count), sealer: &sealer)
    try PackLayout.check(header: Array(pack.prefix(PackLayout.headerBytes)), of: table.kind)
    return (footer.id, table)
  }

  @Test func packsGoThereAndBack() throws {
    var generator = SeededGenerator(50)
    for count in [1, 2, 3, 100, 2000] {
      let pack = pack(&generator, count: count)
      let (id, table) = try readTable(pack.bytes)
      #expect(id == pack.id)
      #expect(table == pack.table)
      #expect(id == ChunkID(of: table.encoded))
    }
  }

  @Test func theFullestTableIsWithinItsLimit() throws {
    var generator = SeededGenerator(51)
    let table = table(&generator, count: Limits.packEntries)
    let bytes = table.encoded
    #expect(bytes.count <= Limits.tableBytes)
    #expect(try PackTable(decoding: bytes) == table)
  }

  /// Of header, table and footer; each chunk has a checksum and an id of its own.
  @Test func everyFlippedBitIsFound() {
    var generator = SeededGenerator(52)
    let pack = pack(&generator, count: 12)
    let chunks = pack.table.entries.reduce(0) { $0 + Int($1.storedLength) }
    for at in pack.bytes.indices {
      if at >= PackLayout.headerBytes && at < PackLayout.headerBytes + chunks { continue }
      for bit in 0..<8 {
        var damaged = pack.bytes
        damaged[at] ^= 1 << UInt8(bit)
        #expect(throws: FormatError.self, "bit \(bit) of byte \(at)") { try readTable(damaged) }
      }
    }
  }

  @Test func everyTruncationIsFound() {
    var generator = SeededGenerator(53)
    let pack = pack(&generator, count: 5)
    for count in 0..<pack.bytes.count {
      #expect(throws: FormatError.self) { try readTable(Array(pack.bytes[..<count])) }
    }
    #expect(throws: FormatError.self) { try readTable(pack.bytes + [0]) }
    #expect(throws: FormatError.self) { try readTable([0] + pack.bytes) }
  }

  @Test func theRandomBytesMakeTheID() {
    var generator = SeededGenerator(54)
    var table = table(&generator, count: 3)
    var sealer = Sealer()
    let first = PackLayout.tail(of: table, sealer: &sealer).id
    table.nonce[0] ^= 1
    let second = PackLayout.tail(of: table, sealer: &sealer).id
    #expect(second != first)
  }

  @Test func entriesThatMakeNoSenseAreRefused() {
    var generator = SeededGenerator(55)
    let good = PackEntry(
      id: ChunkID(of: [1]), length: 10, offset: 16, storedLength: 10, encoding: Encoding(.raw), checksum: 0)
    func refused(_ change: (inout PackEntry) -> Void, _ comment: Comment) {
      var entry = good
      change(&entry)
      let table = PackTable(kind: .data, nonce: generator.bytes(16), created: 0, entries: [entry])
      #expect(throws: FormatError.self, comment) { try PackTable(decoding: table.encoded) }
    }
    refused({ $0.length = 0 }, "no plaintext")
    refused({ $0.length = UInt32(Limits.chunkBytes) + 1 }, "too long")
    refused({ $0.storedLength = 0 }, "nothing stored")
    refused({ $0.storedLength = UInt32(Limits.storedChunkBytes) + 1 }, "too much stored")
    refused({ $0.offset = 17 }, "a gap")
    refused({ $0.encoding.phase = 4 }, "phase")
    refused({ $0.depth = 1 }, "a whole chunk with a depth")
    refused({ $0.encoding.codec = .patch }, "a patch without depth, base")
    refused(
      {
        $0.encoding.codec = .patch
        $0.depth = UInt8(Limits.patchDepth + 1)
        $0.base = ChunkID(of: [])
      }, "too deep")
    refused(
      {
        $0.encoding.codec = .patch
        $0.depth = 1
        $0.base = $0.id
      }, "its own base")
    let none = PackTable(kind: .data, nonce: generator.bytes(16), created: 0, entries: [])
    #expect(throws: FormatError.self) { try PackTable(decoding: none.encoded) }
  }

  @Test func anUnknownCodecOrVersionIsUnsupported() {
    var generator = SeededGenerator(56)
    let bytes = table(&generator, count: 1).encoded
    // The version, the kind, the first entry's codec.
    for at in [4, 5, 36 + 44] {
      var changed = bytes
      changed[at] = 77
      do throws(FormatError) {
        _ = try PackTable(decoding: changed)
        Issue.record("byte \(at) is not looked at")
      } catch { #expect(error.code == .unsupported) }
    }
  }

  /// A footer promises how much to read and to allocate.
  @Test func aForgedFooterAllocatesLittle() {
    for (stored, plaintext) in [(UInt32.max, UInt32(1)), (1, UInt32.max), (100, UInt32(Limits.tableBytes) + 1)] {
      var writer = ByteWriter()
      writer.append(stored)
      writer.append(plaintext)
      writer.append(UInt32(0))
      writer.append(ChunkID(of: []))
      writer.append(UInt64(0))
      writer.append(Sealer.checksum(writer.bytes.rawSpan))
      writer.append(magic: "CSNAPEND")
      #expect(throws: FormatError.self) { try PackLayout.footer(decoding: writer.bytes) }
    }
  }
}
