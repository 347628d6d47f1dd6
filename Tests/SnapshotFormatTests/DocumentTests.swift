import SeededNumbers
import SnapshotFormat
import SystemIO
import Testing

@Suite("Documents")
struct DocumentTests {
  static let time = Timestamp(seconds: 1_795_507_200, nanoseconds: 123_456_789)

  static func config() -> RepositoryConfig {
    RepositoryConfig(
      id: "00112233445566778899aabbccddeeff", created: time,
      chunking: ChunkingParameters(gearSeed: "000102030405060708090a0b0c0d0e0f"))
  }

  static func manifest() -> Manifest {
    var statistics = Manifest.Statistics()
    statistics.files = 3
    statistics.directories = 2
    statistics.symbolicLinks = 1
    statistics.skipped = 4
    statistics.totalBytes = .max
    statistics.bytesStored = 12_345
    return Manifest(
      name: "nightly_20261124_080000",
      source: Manifest.Source(id: "source-1", path: "/data/chroma", pathBase64: nil, kind: .chroma, inode: 1 << 63),
      hostname: "host", username: "me", time: time, commitTime: time.advanced(bySeconds: 2), sequence: 7,
      parent: ChunkID(of: [1]), tree: Content(length: 99, depth: 0, root: ChunkID(of: [2])),
      packs: [ChunkID(of: [3]), ChunkID(of: [4])], statistics: statistics, tags: ["a", "ü/\"\\"],
      description: "line\nline \u{1F40D}", excludes: ["*.tmp"], complete: true, program: "chromasnap 1.0.0")
  }

  static func note() -> Note {
    Note(
      kind: .damage, time: time, sequence: 3, snapshot: ChunkID(of: [5]), value: false, pack: ChunkID(of: [6]),
      chunks: [ChunkID(of: [7])], text: "a flipped bit")
  }

  static func condemned() -> Condemned {
    Condemned(time: time, packs: [ChunkID(of: [8])], replacements: [ChunkID(of: [9])])
  }

  static func entry() -> AuditEntry {
    AuditEntry(
      time: time, duration: 0.25, command: "restore", arguments: ["restore", "latest"], hostname: "host",
      username: "root", sudoUser: "me", exitCode: 1, error: "target_busy", snapshot: ChunkID(of: [11]),
      source: "/data/chroma", program: "chromasnap 1.0.0")
  }

  /// A document as JSON with one more thing said in its outermost object.
  private func adding(_ field: String, to document: [UInt8]) -> [UInt8] {
    Array("{\(field),".utf8) + document.dropFirst()
  }

  private func replacing(_ old: String, with new: String, in document: [UInt8]) -> [UInt8] {
    var bytes = document
    let old = Array(old.utf8)
    for start in 0...(bytes.count - old.count) where Array(bytes[start..<start + old.count]) == old {
      bytes.replaceSubrange(start..<start + old.count, with: Array(new.utf8))
      return bytes
    }
    return bytes
  }

  private func config(from line: [UInt8]) throws(FormatError) -> RepositoryConfig {
    try RepositoryConfig(decoding: line + Array("\nsha256:\(ChunkID(of: line))\n".utf8))
  }

  private func code(_ body: () throws(FormatError) -> Void) -> FormatError.Code? {
    do throws(FormatError) {
      try body()
      return nil
    } catch { return error.code }
  }

  // MARK: There and back

  @Test func documentsGoThereAndBack() throws {
    let (manifest, note, condemned, config) = (Self.manifest(), Self.note(), Self.condemned(), Self.config())
    #expect(try Document.decode(Manifest.self, from: Document.encode(manifest), called: "it") == manifest)
    #expect(try Document.decode(Note.self, from: Document.encode(note), called: "it") == note)
    #expect(try Document.decode(Condemned.self, from: Document.encode(condemned), called: "it") == condemned)
    #expect(try Document.decode(AuditEntry.self, from: Document.encode(Self.entry()), called: "it") == Self.entry())
    #expect(try RepositoryConfig(decoding: config.encoded) == config)
  }

  @Test func whatIsOptionalMayBeMissing() throws {
    var manifest = Self.manifest()
    manifest.parent = nil
    manifest.source.pathBase64 = "L2Rh/w=="
    manifest.repairs = ChunkID(of: [10])
    #expect(try Document.decode(Manifest.self, from: Document.encode(manifest), called: "it") == manifest)
    let note = Note(kind: .pin, time: Self.time)
    #expect(try Document.decode(Note.self, from: Document.encode(note), called: "it") == note)
  }

  /// The name is the SHA-256 of the bytes, so these must not depend on the run.
  @Test func theSameValueGivesTheSameBytes() {
    for _ in 0..<20 { #expect(Document.encode(Self.manifest()) == Document.encode(Self.manifest())) }
    let text = String(decoding: Document.encode(Self.condemned()), as: UTF8.self)
    #expect(
      text == """
        {"packs":["\(ChunkID(of: [8]))"],"replacements":["\(ChunkID(of: [9]))"],\
        "time":"2026-11-24T08:00:00.123456789Z","version":1}
        """)
  }

  @Test func anAuditEntryIsWrittenAsThePageSays() {
    #expect(
      String(decoding: Document.encode(Self.entry()), as: UTF8.self) == """
        {"arguments":["restore","latest"],"command":"restore","duration":0.25,"error":"target_busy","exit_code":1,\
        "hostname":"host","program":"chromasnap 1.0.0","snapshot":"\(ChunkID(of: [11]))","source":"/data/chroma",\
        "sudo_user":"me","time":"2026-11-24T08:00:00.123456789Z","username":"root","version":1}
        """)
  }

  @Test func timesKeepTheirNanoseconds() throws {
    var generator = SeededGenerator(70)
    for _ in 0..<500 {
      // Years 0 to 9999, which is what RFC 3339 can say.
      let time = Timestamp(
        seconds: Int64.random(in: -62_167_219_200...253_402_300_799, using: &generator),
        nanoseconds: UInt32(generator.int(0..<1_000_000_000)))
      #expect(try Document.decode(Timestamp.self, from: Document.encode(time), called: "it") == time)
    }
  }

  // MARK: Later versions

  @Test func unknownFieldsAreIgnored() throws {
    let more = #""flavour":{"deep":[1,null,"x"]}"#
    let (manifest, note, config) = (Self.manifest(), Self.note(), Self.config())
    #expect(
      try Document.decode(Manifest.self, from: adding(more, to: Document.encode(manifest)), called: "it") == manifest)
    #expect(try Document.decode(Note.self, from: adding(more, to: Document.encode(note)), called: "it") == note)
    #expect(try self.config(from: adding(more, to: Document.encode(config))) == config)
  }

  /// A kind of note that a later program adds is not damage to this one.
  @Test func unknownKindsOfNotesAreRead() throws {
    let newer = replacing(#""kind":"damage""#, with: #""kind":"weather""#, in: Document.encode(Self.note()))
    let note = try Document.decode(Note.self, from: newer, called: "it")
    #expect(note.kind == Note.Kind(rawValue: "weather"))
    #expect(Document.encode(note) == newer)
  }

  @Test func unknownVersionsAreUnsupported() {
    func newer(_ document: [UInt8]) -> [UInt8] { replacing(#""version":1"#, with: #""version":2"#, in: document) }
    #expect(
      code { () throws(FormatError) in
        _ = try Document.decode(Manifest.self, from: newer(Document.encode(Self.manifest())), called: "it")
      } == .unsupported)
    #expect(
      code { () throws(FormatError) in
        _ = try Document.decode(Note.self, from: newer(Document.encode(Self.note())), called: "it")
      } == .unsupported)
    #expect(
      code { () throws(FormatError) in
        _ = try Document.decode(Condemned.self, from: newer(Document.encode(Self.condemned())), called: "it")
      } == .unsupported)
    #expect(
      code { () throws(FormatError) in _ = try config(from: newer(Document.encode(Self.config()))) } == .unsupported)
    // Of a newer version nothing else need be as this one knows it.
    #expect(code { () throws(FormatError) in _ = try config(from: Array(#"{"version":2}"#.utf8)) } == .unsupported)
  }

  @Test func unknownEncryptionIsUnsupported() {
    let line = replacing(#""encryption":"none""#, with: #""encryption":"rot13""#, in: Document.encode(Self.config()))
    #expect(code { () throws(FormatError) in _ = try config(from: line) } == .unsupported)
  }

  @Test func unknownFeaturesAreRefusedToWhomTheyConcern() throws {
    for (features, refused) in [
      (#"{"delete":[],"read":[],"write":[]}"#, [] as [RepositoryConfig.Use]),
      (#"{"delete":["x"],"read":[],"write":[]}"#, [.delete]),
      (#"{"delete":[],"read":[],"write":["x"]}"#, [.write, .delete]),
      (#"{"delete":[],"read":["x"],"write":[]}"#, [.read, .write, .delete]),
    ] {
      let line = replacing(
        #"{"delete":[],"read":[],"write":[]}"#, with: features, in: Document.encode(Self.config()))
      let config = try config(from: line)
      for use in [RepositoryConfig.Use.read, .write, .delete] {
        let code = code { () throws(FormatError) in try config.require(use) }
        #expect(code == (refused.contains(use) ? .unsupported : nil), "\(features) \(use)")
      }
    }
  }

  // MARK: Damage

  @Test func everyFlippedBitOfAConfigIsFound() {
    let bytes = Self.config().encoded
    for at in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[at] ^= 1 << UInt8(bit)
        #expect(throws: FormatError.self, "bit \(bit) of byte \(at)") { try RepositoryConfig(decoding: damaged) }
      }
    }
    for count in bytes.indices {
      #expect(throws: FormatError.self) { try RepositoryConfig(decoding: Array(bytes[..<count])) }
    }
    #expect(throws: FormatError.self) { try RepositoryConfig(decoding: bytes + [0x0A]) }
  }

  /// A manifest's and a note's check is the id in its name.
  @Test func everyFlippedBitOfADocumentChangesItsID() {
    for bytes in [Document.encode(Self.manifest()), Document.encode(Self.note())] {
      let id = ChunkID(of: bytes)
      for at in bytes.indices {
        var damaged = bytes
        damaged[at] ^= 1
        #expect(ChunkID(of: damaged) != id)
      }
    }
  }

  @Test(arguments: [
    "", "null", "[]", "{}", "1", "\u{0}", "{\"version\":1}", "{\"version\":", "{\"version\":1e400}",
    String(repeating: "[", count: 100_000), String(repeating: "{\"version\":", count: 100_000),
  ])
  func otherJSONIsRefused(text: String) {
    let bytes = Array(text.utf8)
    #expect(throws: FormatError.self) { try Document.decode(Manifest.self, from: bytes, called: "it") }
    #expect(throws: FormatError.self) { try Document.decode(Note.self, from: bytes, called: "it") }
    #expect(throws: FormatError.self) { try Document.decode(Condemned.self, from: bytes, called: "it") }
    #expect(throws: FormatError.self) { try config(from: bytes) }
  }

  // MARK: Chunking constants

  @Test func constantsThatMakeNoSenseAreRefused() throws {
    func refused(_ change: (inout ChunkingParameters) -> Void, _ comment: Comment) {
      var config = Self.config()
      change(&config.chunking)
      #expect(throws: FormatError.self, comment) { try RepositoryConfig(decoding: config.encoded) }
    }
    refused({ $0.averageBytes = 100_000 }, "not a power of two")
    refused({ $0.averageBytes = .min }, "negative")
    refused({ $0.minimumBytes = 0 }, "no minimum")
    refused({ $0.minimumBytes = $0.averageBytes }, "no room below the average")
    refused({ $0.maximumBytes = $0.averageBytes }, "no room above the average")
    refused({ $0.maximumBytes = 2 << 20 }, "longer than a chunk")
    refused({ $0.regionBytes = 2 << 20 }, "a region longer than a chunk")
    refused({ $0.segmentBytes = 512 << 10 }, "a segment shorter than a chunk")
    refused({ $0.segmentBytes += 1 }, "a segment of no whole number of regions")
    refused({ $0.segmentBytes = .max }, "overflow")
    refused({ $0.gearSeed = "00" }, "a short seed")
    refused({ $0.gearSeed = $0.gearSeed.uppercased() }, "upper case")
    // A segment's list of chunks must be one that a reader accepts.
    refused(
      {
        $0.regionBytes = 4096
        $0.segmentBytes = 256 << 20
      }, "more regions in a segment than a list may hold")
    #expect(throws: Never.self) { try RepositoryConfig(decoding: Self.config().encoded) }
  }
}
