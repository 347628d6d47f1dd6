import SeededNumbers
import SnapshotFormat
import SystemIO
import Testing

@Suite("Trees")
struct TreeTests {
  static func content(_ generator: inout SeededGenerator) -> Content {
    switch generator.int(0..<3) {
    case 0: .empty
    case 1:
      Content(length: UInt64(generator.int(1..<Limits.chunkBytes)), depth: 0, root: ChunkID(of: generator.bytes(4)))
    default:
      Content(
        length: generator.next() | 1, depth: UInt8(generator.int(1..<5)), root: ChunkID(of: generator.bytes(4)))
    }
  }

  /// Any bytes but a slash and zero.
  static func name(_ generator: inout SeededGenerator, longest: Int) -> [UInt8] {
    let bytes = generator.bytes(generator.int(1..<longest + 1)).map { $0 == 0 || $0 == 0x2F ? 0xE9 : $0 }
    return bytes == [0x2E] || bytes == [0x2E, 0x2E] ? [0xFF] : bytes
  }

  static func entry(_ generator: inout SeededGenerator) -> TreeEntry {
    let kind: TreeEntry.Kind =
      switch generator.int(0..<4) {
      case 0: .directory(content(&generator))
      case 1: .symbolicLink(target: Array(generator.bytes(generator.int(1..<300)).map { $0 == 0 ? 1 : $0 }))
      default: .file(content(&generator), generator.chance(2) ? .regions : .contentDefined)
      }
    return TreeEntry(
      name: name(&generator, longest: generator.chance(20) ? 255 : 24), kind: kind,
      permissions: UInt32(generator.int(0..<0o10000)), owner: UInt32(truncatingIfNeeded: generator.next()),
      group: UInt32(truncatingIfNeeded: generator.next()),
      modified: Timestamp(
        seconds: Int64(bitPattern: generator.next()), nanoseconds: UInt32(generator.int(0..<1_000_000_000))),
      attributes: (0..<(generator.chance(3) ? generator.int(0..<4) : 0)).map { _ in
        ExtendedAttribute(name: name(&generator, longest: 40), value: generator.bytes(generator.int(0..<100)))
      }, linkGroup: generator.chance(4) ? generator.next() : nil, isSparse: generator.chance(5))
  }

  static func tree(_ generator: inout SeededGenerator, count: Int) -> Tree {
    var byName: [[UInt8]: TreeEntry] = [:]
    for _ in 0..<count {
      let entry = entry(&generator)
      byName[entry.name] = entry
    }
    return Tree(Array(byName.values))
  }

  @Test func treesGoThereAndBack() throws {
    var generator = SeededGenerator(60)
    for round in 0..<200 {
      let tree = Self.tree(&generator, count: round % 40)
      #expect(try Tree(decoding: tree.encoded) == tree)
      for entry in tree.entries { #expect(tree[entry.name] == entry) }
      #expect(tree[Array("not there".utf8)] == nil)
    }
  }

  @Test func aHugeFolder() throws {
    var generator = SeededGenerator(61)
    let tree = Tree((0..<200_000).map { Self.file(named: Array("file \($0)".utf8), &generator) })
    let bytes = tree.encoded
    let decoded = try Tree(decoding: bytes)
    #expect(decoded == tree)
    #expect(decoded[Array("file 123456".utf8)] != nil)
    #expect(decoded.entries[1].name == Array("file 1".utf8))
    #expect(decoded.entries[2].name == Array("file 10".utf8))
  }

  private static func file(named name: [UInt8], _ generator: inout SeededGenerator) -> TreeEntry {
    TreeEntry(
      name: name, kind: .file(content(&generator), .contentDefined), permissions: 0o644, owner: 0, group: 0,
      modified: Timestamp(seconds: 0))
  }

  @Test func namesThatAreNotUTF8() throws {
    var generator = SeededGenerator(62)
    let names: [[UInt8]] = [[0xFF, 0xFE], [0xC3], [0xC3, 0x28], Array("é".utf8), [0x65, 0xCC, 0x81], [0x0A], [0x20]]
    let tree = Tree(names.map { Self.file(named: $0, &generator) })
    let decoded = try Tree(decoding: tree.encoded)
    #expect(Set(decoded.entries.map(\.name)) == Set(names))
    #expect(decoded.entries.map(\.name) == names.sorted { $0.lexicographicallyPrecedes($1) })
  }

  @Test func everythingAFileMayHave() throws {
    let big = ExtendedAttribute(
      name: Array("user.big".utf8), value: [UInt8](repeating: 1, count: Limits.attributeBytes))
    let none = ExtendedAttribute(name: Array("user.none".utf8), value: [])
    let entry = TreeEntry(
      name: [UInt8](repeating: 0x61, count: 255), kind: .file(.empty, .regions), permissions: 0o7777, owner: .max,
      group: .max, modified: Timestamp(seconds: .min, nanoseconds: 999_999_999), attributes: [big, none],
      linkGroup: .max, isSparse: true)
    let link = TreeEntry(
      name: [0x62], kind: .symbolicLink(target: [UInt8](repeating: 0x2F, count: 4095)), permissions: 0o777, owner: 0,
      group: 0, modified: Timestamp(seconds: .max))
    let tree = Tree([entry, link])
    #expect(try Tree(decoding: tree.encoded) == tree)
  }

  @Test func anEmptyFolder() throws {
    #expect(Tree([]).encoded.count == 8)
    #expect(try Tree(decoding: Tree([]).encoded).entries.isEmpty)
    #expect(throws: FormatError.self) { try Tree(decoding: []) }
  }

  /// No truncation but one between two entries goes unnoticed, and the content's length tells that one.
  @Test func truncations() {
    var generator = SeededGenerator(63)
    let tree = Self.tree(&generator, count: 6)
    let bytes = tree.encoded
    var edges: Set<Int> = []
    for count in 0...tree.entries.count { edges.insert(Tree(Array(tree.entries.prefix(count))).encoded.count) }
    for count in 0..<bytes.count where !edges.contains(count) {
      #expect(throws: FormatError.self, "\(count) of \(bytes.count) bytes") {
        try Tree(decoding: Array(bytes[..<count]))
      }
    }
  }

  // MARK: What must not be restored

  /// A name may never lead out of the folder that it is in.
  @Test(arguments: [
    [], [0x2E, 0x2E], Array("a/b".utf8), [0x2F], [0x61, 0], [0], [UInt8](repeating: 0x61, count: 4097),
  ])
  func impossibleNamesAreRefused(name: [UInt8]) {
    var generator = SeededGenerator(64)
    let bytes = Tree([Self.file(named: name, &generator)]).encoded
    #expect(throws: FormatError.self) { try Tree(decoding: bytes) }
  }

  /// `.` is a snapshot's root and nothing else. Beside other names it would let a forged tree say twice what lies in a
  /// folder: a symbolic link first, then a folder whose files would be written through it.
  @Test func theRootIsAlone() throws {
    var generator = SeededGenerator(65)
    let root = TreeEntry(
      name: [0x2E], kind: .directory(.empty), permissions: 0o755, owner: 0, group: 0, modified: Timestamp(seconds: 1))
    #expect(try Tree(decoding: Tree([root]).encoded).entries == [root])
    let other = Self.file(named: [0x61], &generator)
    #expect(throws: FormatError.self) { try Tree(decoding: Tree([root, other]).encoded) }
    #expect(throws: FormatError.self) { try Tree(decoding: Tree([Self.file(named: [0x2E], &generator)]).encoded) }
  }

  @Test func namesOutOfOrderOrTwiceAreRefused() {
    var generator = SeededGenerator(66)
    let (a, b) = (Self.file(named: [0x61], &generator), Self.file(named: [0x62], &generator))
    let head = Tree([]).encoded.count
    let (x, y) = (Tree([a]).encoded[head...], Tree([b]).encoded[head...])
    #expect(throws: Never.self) { try Tree(decoding: Tree([]).encoded + x + y) }
    #expect(throws: FormatError.self) { try Tree(decoding: Tree([]).encoded + y + x) }
    #expect(throws: FormatError.self) { try Tree(decoding: Tree([]).encoded + x + x) }
  }

  @Test func strangeLinksAndAttributesAreRefused() {
    func refused(_ change: (inout TreeEntry) -> Void, _ comment: Comment) {
      var entry = TreeEntry(
        name: [0x61], kind: .file(.empty, .regions), permissions: 0o644, owner: 0, group: 0,
        modified: Timestamp(seconds: 0))
      change(&entry)
      #expect(throws: FormatError.self, comment) { try Tree(decoding: Tree([entry]).encoded) }
    }
    refused({ $0.kind = .symbolicLink(target: []) }, "no target")
    refused({ $0.kind = .symbolicLink(target: [0x61, 0]) }, "a zero in the target")
    refused({ $0.kind = .symbolicLink(target: [UInt8](repeating: 0x61, count: 4097)) }, "a target past the limit")
    refused({ $0.attributes = [ExtendedAttribute(name: [], value: [1])] }, "an attribute without a name")
    refused({ $0.attributes = [ExtendedAttribute(name: [0x61, 0], value: [1])] }, "a zero in an attribute's name")
    refused({ $0.permissions = 0o10000 }, "more than permissions")
    refused({ $0.modified.nanoseconds = 1_000_000_000 }, "a second of nanoseconds")
    let long = [UInt8](repeating: 0, count: Limits.attributeBytes + 1)
    refused({ $0.attributes = [ExtendedAttribute(name: [0x61], value: long)] }, "a value past the limit")
  }

  @Test func unknownVersionsKindsAndFlags() {
    var generator = SeededGenerator(67)
    let bytes = Tree([Self.file(named: [0x61], &generator)]).encoded
    for (at, value) in [(4, UInt8(2)), (5, 1), (7, 1), (8, 0), (8, 4), (9, 8), (9, 128)] {
      var changed = bytes
      changed[at] = value
      #expect(throws: FormatError.self, "byte \(at)") { try Tree(decoding: changed) }
    }
  }
}
