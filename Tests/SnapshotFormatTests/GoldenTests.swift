import Foundation
import SnapshotFormat
import SystemIO
import Testing

/// Bytes that an older program wrote are understood for good, and where nothing but the format decides, what they say is
/// written in the same bytes again.
@Suite("Golden fixtures")
struct GoldenTests {
  private let expected: GoldenRepository
  private let objects: [String: [UInt8]]

  init() throws {
    expected = GoldenRepository()
    // Every test has its own suite value; they would write at the same time.
    if !GoldenRepository.isRewritten {
      objects = try GoldenRepository.stored()
    } else {
      objects = expected.objects
    }
  }

  @Test(.enabled(if: GoldenRepository.isRewritten)) func writeTheFixtures() throws { try expected.write() }

  private func objects(in folder: String) -> [(name: String, bytes: [UInt8])] {
    objects.filter { $0.key.hasPrefix(folder + "/") }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private func idInName(_ name: String) -> ChunkID? {
    ChunkID((name.hasSuffix(".json") ? name.dropLast(5) : name[...]).suffix(64))
  }

  private func packs() throws -> [(table: PackTable, bytes: [UInt8])] {
    try objects(in: "packs").map { name, bytes in
      let footer = try PackLayout.footer(decoding: Array(bytes.suffix(PackLayout.footerBytes)))
      #expect(footer.id == idInName(name))
      let start = bytes.count - PackLayout.footerBytes - footer.tableStoredLength
      var sealer = Sealer()
      let table = try PackLayout.table(
        decoding: Array(bytes[start..<start + footer.tableStoredLength]), footer: footer,
        packLength: UInt64(bytes.count), sealer: &sealer)
      try PackLayout.check(header: Array(bytes.prefix(PackLayout.headerBytes)), of: table.kind)
      return (table, bytes)
    }
  }

  /// The plaintexts of all chunks, decoded in the order of their depths.
  private func chunks() throws -> [ChunkID: [UInt8]] {
    let sealer = TestSealer()
    var chunks: [ChunkID: [UInt8]] = [:]
    let stored = try packs().flatMap { pack in pack.table.entries.map { (entry: $0, bytes: pack.bytes) } }
    for (entry, bytes) in stored.sorted(by: { $0.entry.depth < $1.entry.depth }) {
      let form = Array(bytes[Int(entry.offset)..<Int(entry.offset + entry.storedLength)])
      #expect(Sealer.checksum(form.rawSpan) == entry.checksum)
      let length = Int(entry.length)
      if let base = entry.base {
        chunks[entry.id] = try sealer.applied(form, to: try #require(chunks[base]), length: length)
      } else {
        chunks[entry.id] = try sealer.opened(Sealed(encoding: entry.encoding, bytes: form), length: length)
      }
      #expect(chunks[entry.id].map { ChunkID(of: $0) } == entry.id)
    }
    return chunks
  }

  @Test func everyChunkIsUnderstood() throws {
    let chunks = try chunks()
    for (name, plaintext) in expected.plaintexts {
      #expect(chunks[ChunkID(of: plaintext)] == plaintext, "\(name)")
    }
  }

  @Test func everyCodecIsThere() throws {
    let entries = try packs().flatMap(\.table.entries)
    #expect(Set(entries.map(\.encoding.codec)) == Set(Codec.allCases))
    #expect(Set(entries.map(\.encoding.phase)) == [0, 2, 3])
    #expect(Set(entries.map(\.depth)) == [0, 1, 2, 3])
    let flags = try packs().flatMap { pack in
      pack.table.entries.filter { $0.base != nil }.map { pack.bytes[Int($0.offset)] }
    }
    #expect(Set(flags) == [0, 1, 3])
  }

  @Test func packsAreWrittenInTheSameBytes() throws {
    for (table, bytes) in try packs() {
      var sealer = Sealer()
      let tail = PackLayout.tail(of: table, sealer: &sealer).bytes
      #expect(Array(bytes.prefix(PackLayout.headerBytes)) == PackLayout.header(table.kind))
      // The table's frame depends on the library; the footer's id does not.
      #expect(tail.suffix(52).prefix(40) == bytes.suffix(52).prefix(40))
    }
  }

  @Test func treesAndListsAreWrittenInTheSameBytes() throws {
    let chunks = try chunks()
    var (trees, lists) = (0, 0)
    for bytes in chunks.values {
      if bytes.starts(with: Array("CSTR".utf8)) {
        #expect(try Tree(decoding: bytes).encoded == bytes)
        trees += 1
      } else if bytes.starts(with: Array("CSLS".utf8)) {
        let children = stride(from: 12, to: bytes.count, by: 40)
        let length = children.reduce(UInt64(0)) { sum, at in
          sum + bytes[at + 32..<at + 40].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        #expect(try ChunkList(decoding: bytes.rawSpan, level: bytes[5], length: length).encoded == bytes)
        lists += 1
      }
    }
    #expect(trees == 3)
    #expect(lists == 3)
    let root = try #require(expected.manifest.tree.root)
    #expect(try Tree(decoding: try #require(chunks[root])) == expected.tree)
    #expect(chunks[ChunkID(of: expected.folderTree.encoded)] == expected.folderTree.encoded)
  }

  @Test func documentsAreWrittenInTheSameBytes() throws {
    func check<Value: VersionedDocument & Equatable>(_ folder: String, _ type: Value.Type) throws {
      for (name, bytes) in objects(in: folder) {
        #expect(ChunkID(of: bytes) == idInName(name))
        #expect(Document.encode(try Document.decode(type, from: bytes, called: "it")) == bytes)
      }
      #expect(objects(in: folder).count == 1)
    }
    try check("snapshots", Manifest.self)
    try check("notes", Note.self)
    try check("condemned", Condemned.self)
    let config = try #require(objects["config/1"])
    #expect(try RepositoryConfig(decoding: config) == DocumentTests.config())
    #expect(DocumentTests.config().encoded == config)
  }
}
