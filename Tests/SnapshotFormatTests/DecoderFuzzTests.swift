import SeededNumbers
import SnapshotFormat
import SystemIO
import Testing

/// Every decoder of the format is fed with valid bytes that were changed at random: it throws, or what it returns encodes
/// to the very bytes that it was given. It never crashes, and believes no promised length before the bytes are there.
@Suite("Decoders and damaged bytes")
struct DecoderFuzzTests {
  private func fuzz(
    _ seed: UInt64, rounds: Int = 30_000, _ samples: [[UInt8]],
    _ recode: ([UInt8]) throws(FormatError) -> [UInt8]
  ) {
    var generator = SeededGenerator(seed)
    var thrown = 0
    for sample in samples { #expect((try? recode(sample)) == sample) }
    for _ in 0..<rounds {
      let sample = samples[generator.int(0..<samples.count)]
      let bytes = generator.chance(50) ? generator.bytes(generator.int(0..<200)) : generator.mutate(sample)
      do throws(FormatError) {
        let again = try recode(bytes)
        if again != bytes { Issue.record("two ways to say the same: \(hexadecimal(bytes.prefix(200)))") }
      } catch { thrown += 1 }
    }
    #expect(thrown > 0)
  }

  @Test func chunkLists() {
    var generator = SeededGenerator(80)
    let lists = (1...20).map { count in
      ChunkList(
        level: 1,
        children: (0..<count).map { _ in
          ChunkList.Child(id: ChunkID(of: generator.bytes(4)), length: UInt64(generator.int(1..<Limits.chunkBytes)))
        })
    }
    fuzz(81, lists.map(\.encoded)) { (bytes) throws(FormatError) in
      // The length that the parent promised is taken from the bytes, so that the check of the sum is got past.
      var length: UInt64 = 0
      for at in stride(from: 12 + 32, to: bytes.count - 7, by: 40) {
        length &+= bytes[at..<at + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
      }
      return try ChunkList(decoding: bytes.rawSpan, level: 1, length: length).encoded
    }
  }

  @Test func contents() {
    let contents = [
      Content.empty, Content(length: 5, depth: 0, root: ChunkID(of: [])),
      Content(length: 1 << 40, depth: 2, root: ChunkID(of: [])),
    ]
    let samples = contents.map { content in
      var writer = ByteWriter()
      content.append(to: &writer)
      return writer.bytes
    }
    fuzz(82, samples) { (bytes) throws(FormatError) in
      var reader = ByteReader(bytes.rawSpan, subject: "content")
      let content = try Content(from: &reader)
      try reader.expectEnd()
      var writer = ByteWriter()
      content.append(to: &writer)
      return writer.bytes
    }
  }

  @Test func trees() {
    var generator = SeededGenerator(83)
    let samples = (0..<40).map { TreeTests.tree(&generator, count: $0 / 4).encoded }
    fuzz(84, rounds: 60_000, samples) { (bytes) throws(FormatError) in try Tree(decoding: bytes).encoded }
  }

  @Test func packTables() {
    var generator = SeededGenerator(85)
    let samples = (1...20).map { count -> [UInt8] in
      var offset = UInt32(PackLayout.headerBytes)
      let entries = (0..<count).map { i -> PackEntry in
        defer { offset += 100 }
        let isPatch = i % 3 == 1
        return PackEntry(
          id: ChunkID(of: generator.bytes(4)), length: 1000, offset: offset, storedLength: 100,
          encoding: Encoding(isPatch ? .patch : .planes, phase: isPatch ? 0 : 3), depth: isPatch ? 1 : 0,
          base: isPatch ? ChunkID(of: generator.bytes(4)) : nil, checksum: 7)
      }
      return PackTable(kind: .data, nonce: generator.bytes(16), created: 1, entries: entries).encoded
    }
    fuzz(86, samples) { (bytes) throws(FormatError) in try PackTable(decoding: bytes).encoded }
  }

  @Test func footersAndTablesOfPacks() {
    var generator = SeededGenerator(87)
    var sealer = Sealer()
    let table = PackTable(
      kind: .data, nonce: generator.bytes(16), created: 1,
      entries: [
        PackEntry(
          id: ChunkID(of: []), length: 10, offset: 16, storedLength: 10, encoding: Encoding(.raw), checksum: 0)
      ])
    let tail = PackLayout.tail(of: table, sealer: &sealer).bytes
    fuzz(88, [tail]) { (bytes) throws(FormatError) in
      let footer = try PackLayout.footer(decoding: Array(bytes.suffix(PackLayout.footerBytes)))
      guard footer.tableStoredLength + PackLayout.footerBytes <= bytes.count else {
        throw FormatError(.truncated, "a short pack")
      }
      var sealer = Sealer()
      let table = try PackLayout.table(
        decoding: Array(bytes.dropLast(PackLayout.footerBytes)), footer: footer, packLength: UInt64(26 + bytes.count),
        sealer: &sealer)
      return PackLayout.tail(of: table, sealer: &sealer).bytes
    }
  }

  @Test func storedChunks() {
    var generator = SeededGenerator(89)
    let sealer = TestSealer()
    let chunks = [generator.text(6000), generator.floats(6001), generator.neighbours(6002), generator.bytes(600)]
    let stored = chunks.map { sealer.sealed($0, at: 3) }
    for _ in 0..<20_000 {
      let i = generator.int(0..<chunks.count)
      let damaged = Sealed(encoding: stored[i].encoding, bytes: generator.mutate(stored[i].bytes))
      let opened = try? sealer.opened(damaged, length: chunks[i].count)
      #expect(opened == nil || opened?.count == chunks[i].count)
    }
  }

  @Test func configs() {
    let sample = DocumentTests.config().encoded
    fuzz(90, rounds: 3000, [sample]) { (bytes) throws(FormatError) in try RepositoryConfig(decoding: bytes).encoded }
  }

  /// JSON says the same in many ways; what was understood must be said and understood again.
  @Test func documents() {
    var generator = SeededGenerator(91)
    func round<Value: VersionedDocument & Equatable>(_ value: Value) {
      let bytes = generator.mutate(Document.encode(value))
      guard let decoded = try? Document.decode(Value.self, from: bytes, called: "it") else { return }
      #expect((try? Document.decode(Value.self, from: Document.encode(decoded), called: "it")) == decoded)
    }
    for _ in 0..<2000 {
      round(DocumentTests.manifest())
      round(DocumentTests.note())
      round(DocumentTests.condemned())
      round(DocumentTests.config())
    }
  }
}
