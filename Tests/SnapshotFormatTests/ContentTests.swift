import SeededNumbers
import SnapshotFormat
import SystemIO
import Testing

@Suite("Contents and chunk lists")
struct ContentTests {
  private func list(_ generator: inout SeededGenerator, level: UInt8, count: Int) -> ChunkList {
    let longest = level == 1 ? Limits.chunkBytes : 1 << 40
    return ChunkList(
      level: level,
      children: (0..<count).map { _ in
        ChunkList.Child(id: ChunkID(of: generator.bytes(4)), length: UInt64(generator.int(1..<longest + 1)))
      })
  }

  private func decode(_ bytes: [UInt8], of list: ChunkList) throws(FormatError) -> ChunkList {
    try ChunkList(decoding: bytes.rawSpan, level: list.level, length: list.length)
  }

  @Test func listsGoThereAndBack() throws {
    var generator = SeededGenerator(20)
    for count in [1, 2, 64, 1000, Limits.listEntries] {
      for level in UInt8(1)...4 {
        let list = list(&generator, level: level, count: count)
        let bytes = list.encoded
        #expect(bytes.count == 12 + 40 * count)
        #expect(bytes.count <= Limits.chunkBytes)
        #expect(try decode(bytes, of: list) == list)
      }
    }
  }

  @Test func everyTruncationIsFound() {
    var generator = SeededGenerator(21)
    let list = list(&generator, level: 1, count: 5)
    let bytes = list.encoded
    for count in 0..<bytes.count {
      #expect(throws: FormatError.self) { try decode(Array(bytes[..<count]), of: list) }
    }
    #expect(throws: FormatError.self) { try decode(bytes + [0], of: list) }
  }

  @Test func whatTheParentPromisedMustHold() {
    var generator = SeededGenerator(22)
    let list = list(&generator, level: 2, count: 5)
    let bytes = list.encoded
    #expect(throws: FormatError.self) { try ChunkList(decoding: bytes.rawSpan, level: 1, length: list.length) }
    #expect(throws: FormatError.self) { try ChunkList(decoding: bytes.rawSpan, level: 2, length: list.length + 1) }
  }

  @Test func impossibleListsAreRefused() {
    let id = ChunkID(of: [])
    func refused(_ list: ChunkList, length: UInt64) {
      #expect(throws: FormatError.self) {
        try ChunkList(decoding: list.encoded.rawSpan, level: list.level, length: length)
      }
    }
    refused(ChunkList(level: 1, children: []), length: 0)
    refused(ChunkList(level: 0, children: [.init(id: id, length: 1)]), length: 1)
    refused(ChunkList(level: 1, children: [.init(id: id, length: 0)]), length: 0)
    refused(ChunkList(level: 1, children: [.init(id: id, length: 1 << 21)]), length: 1 << 21)
    // Lengths that overflow.
    refused(ChunkList(level: 2, children: [.init(id: id, length: .max), .init(id: id, length: 2)]), length: 1)
    let many = [ChunkList.Child](repeating: .init(id: id, length: 1), count: Limits.listEntries + 1)
    refused(ChunkList(level: 1, children: many), length: UInt64(many.count))
  }

  /// A count that promises more than there is must not be believed.
  @Test func aCountIsNoReasonToAllocate() {
    var bytes = ChunkList(level: 1, children: [.init(id: ChunkID(of: []), length: 1)]).encoded
    for i in 8..<12 { bytes[i] = 0xFF }
    #expect(throws: FormatError.self) { try ChunkList(decoding: bytes.rawSpan, level: 1, length: 1) }
  }

  @Test func contentsGoThereAndBack() throws {
    let id = ChunkID(of: [1])
    for content in [
      Content.empty, Content(length: 1, depth: 0, root: id), Content(length: 1 << 20, depth: 0, root: id),
      Content(length: .max, depth: 4, root: id),
    ] {
      var writer = ByteWriter()
      content.append(to: &writer)
      #expect(writer.bytes.count == (content.root == nil ? 8 : 41))
      var reader = ByteReader(writer.bytes.rawSpan, subject: "content")
      let decoded = try Content(from: &reader)
      #expect(decoded == content)
      #expect(reader.remaining == 0)
      #expect(try Document.decode(Content.self, from: Document.encode(content), called: "it") == content)
    }
  }

  @Test(arguments: [
    #"{"length": 0, "depth": 0, "root": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#,
    #"{"length": 0, "depth": 1}"#,
    #"{"length": 1, "depth": 0}"#,
    #"{"length": 1048577, "depth": 0, "root": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#,
    #"{"length": 1, "depth": 5, "root": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#,
    #"{"length": 1, "depth": 0, "root": "e3"}"#,
    #"{"length": -1, "depth": 0}"#,
  ])
  func contradictionsInDocumentsAreRefused(json: String) {
    #expect(throws: FormatError.self) {
      try Document.decode(Content.self, from: Array(json.utf8), called: "a content")
    }
  }
}
