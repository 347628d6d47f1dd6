import Foundation
import SeededNumbers
import SnapshotFormat
import SystemIO

/// A small repository that holds everything of format version 1 once: each codec, each kind of patch, lists of lists, and
/// every kind of entry.
///
/// Its bytes lie in `Tests/Fixtures/format-1` and never change: what they hold must be readable for good. Only for an addition
/// to the format are they made again, by `CHROMASNAP_WRITE_FIXTURES=1 swift test -c release --filter GoldenTests`.
struct GoldenRepository {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/format-1")

  static let isRewritten = ProcessInfo.processInfo.environment["CHROMASNAP_WRITE_FIXTURES"] == "1"

  static let time = Timestamp(seconds: 1_795_507_200, nanoseconds: 123_456_789)

  /// Objects by name.
  private(set) var objects: [String: [UInt8]] = [:]
  /// Plaintexts of the files' chunks by what they are to show.
  private(set) var plaintexts: [String: [UInt8]] = [:]
  /// The bytes of the snapshot's files by path.
  private(set) var files: [String: [UInt8]] = [:]
  let tree: Tree
  let folderTree: Tree
  let manifest: Manifest

  // MARK: Making it

  private struct Pack {
    let kind: PackKind
    var bytes: [UInt8]
    var entries: [PackEntry] = []

    init(_ kind: PackKind) {
      self.kind = kind
      bytes = PackLayout.header(kind)
    }

    mutating func add(_ chunk: [UInt8], _ stored: Sealed, depth: UInt8 = 0, base: [UInt8]? = nil) {
      entries.append(
        PackEntry(
          id: ChunkID(of: chunk), length: UInt32(chunk.count), offset: UInt32(bytes.count),
          storedLength: UInt32(stored.bytes.count), encoding: stored.encoding, depth: depth,
          base: base.map { ChunkID(of: $0) }, checksum: Sealer.checksum(stored.bytes.rawSpan)))
      bytes += stored.bytes
    }

    /// The pack's id and bytes.
    func finished() -> (ChunkID, [UInt8]) {
      var sealer = Sealer()
      let nonce = [UInt8](repeating: kind.rawValue, count: 16)
      let table = PackTable(kind: kind, nonce: nonce, created: time.seconds, entries: entries)
      let (id, tail) = PackLayout.tail(of: table, sealer: &sealer)
      return (id, bytes + tail)
    }
  }

  init() {
    var generator = SeededGenerator(1)
    let sealer = TestSealer()
    var data = Pack(.data)
    var chunks: [String: [UInt8]] = [:]
    func whole(_ name: String, _ chunk: [UInt8], at offset: UInt64 = 0) {
      data.add(chunk, sealer.sealed(chunk, at: offset))
      chunks[name] = chunk
    }
    func patch(_ name: String, _ chunk: [UInt8], base: [UInt8], depth: UInt8, stored: [UInt8]? = nil) {
      guard let bytes = stored ?? sealer.patched(chunk, base: base) else { return }
      data.add(chunk, Sealed(encoding: Encoding(.patch), bytes: bytes), depth: depth, base: base)
      chunks[name] = chunk
    }
    whole("raw", generator.bytes(600))
    whole("zstd", generator.text(3000))
    whole("planes", Array(generator.neighbours(8196)[1...]), at: 1)
    whole("exponents", Array(generator.floats(8197)[2...]), at: 2)
    let base = generator.text(5000)
    whole("base", base)

    var runs = base
    runs.replaceSubrange(1600..<1610, with: generator.bytes(10))
    patch("patch-runs", runs, base: base, depth: 1)
    var bitmap = runs
    for block in stride(from: 0, to: 10, by: 2) { bitmap[512 * block + 7] ^= 0xFF }
    patch("patch-bitmap", bitmap, base: runs, depth: 2)
    patch("patch-grown", bitmap + generator.text(700), base: bitmap, depth: 3)
    // Its last block is cut short, its base's is not.
    var shrunk = Array(base[..<1300])
    shrunk[1290] ^= 0xFF
    patch("patch-shrunk", shrunk, base: base, depth: 1)
    var alone = base
    alone.replaceSubrange(512..<1024, with: generator.text(512))
    // No prefix; block 1 alone is dirty.
    patch("patch-alone", alone, base: base, depth: 1, stored: [0, 2, 0, 1, 1] + rawFrame(Array(alone[512..<1024])))

    var metadata = Pack(.metadata)
    func store(_ chunk: [UInt8]) -> ChunkID {
      metadata.add(chunk, sealer.sealed(chunk))
      return ChunkID(of: chunk)
    }
    func list(_ level: UInt8, _ children: [ChunkList.Child]) -> ChunkList.Child {
      let list = ChunkList(level: level, children: children)
      return ChunkList.Child(id: store(list.encoded), length: list.length)
    }
    func children(_ names: [String]) -> [ChunkList.Child] {
      names.map { name in
        let chunk = chunks[name] ?? []
        return ChunkList.Child(id: ChunkID(of: chunk), length: UInt64(chunk.count))
      }
    }
    let first = list(1, children(["zstd", "planes", "raw"]))
    let second = list(1, children(["exponents"]))
    let both = list(2, [first, second])

    func entry(
      _ name: String, _ kind: TreeEntry.Kind, _ permissions: UInt32 = 0o644, seconds: Int64 = 1_700_000_000
    ) -> TreeEntry {
      TreeEntry(
        name: Array(name.utf8), kind: kind, permissions: permissions, owner: 1000, group: 100,
        modified: Timestamp(seconds: seconds, nanoseconds: 987_654_321))
    }
    var files: [String: [UInt8]] = [:]
    func file(_ name: String, _ content: Content, _ bytes: [UInt8], _ chunking: Chunking = .regions) -> TreeEntry {
      files[name] = bytes
      return entry(name, .file(content, chunking))
    }
    var entries = chunks.sorted { $0.key < $1.key }.map { name, chunk in
      file(name, Content(length: UInt64(chunk.count), depth: 0, root: ChunkID(of: chunk)), chunk)
    }
    let parts = ["zstd", "planes", "raw", "exponents"].map { chunks[$0] ?? [] }
    entries.append(
      file("list", Content(length: first.length, depth: 1, root: first.id), Array(parts[..<3].joined())))
    entries.append(file("lists", Content(length: both.length, depth: 2, root: both.id), Array(parts.joined())))
    entries.append(file("empty", .empty, [], .contentDefined))
    for name in ["link-a", "link-b"] {
      var linked = file(name, Content(length: 600, depth: 0, root: ChunkID(of: parts[2])), parts[2])
      linked.linkGroup = 0x0123_4567_89AB_CDEF
      linked.isSparse = true
      entries.append(linked)
    }
    var attributed = file("attributes", .empty, [], .contentDefined)
    attributed.permissions = 0o4750
    attributed.modified = Timestamp(seconds: -1, nanoseconds: 1)
    attributed.attributes = [
      ExtendedAttribute(name: Array("user.empty".utf8), value: []),
      ExtendedAttribute(name: Array("user.note".utf8), value: [0, 1, 255]),
    ]
    entries.append(attributed)
    entries.append(entry("symbolic", .symbolicLink(target: Array("folder/../raw".utf8)), 0o777))
    var strange = entry("", .file(.empty, .contentDefined))
    strange.name = [0x6E, 0xFF, 0xFE]
    let emptyFolder = Tree([]).encoded
    let empty = Content(length: UInt64(emptyFolder.count), depth: 0, root: store(emptyFolder))
    entries += [strange, entry("folder", .directory(empty), 0o1777)]
    folderTree = Tree(entries)
    let below = folderTree.encoded
    tree = Tree([
      entry(".", .directory(Content(length: UInt64(below.count), depth: 0, root: store(below))), 0o755)
    ])
    let root = tree.encoded
    let content = Content(length: UInt64(root.count), depth: 0, root: store(root))

    let (dataID, dataBytes) = data.finished()
    let (metadataID, metadataBytes) = metadata.finished()
    for (id, bytes) in [(dataID, dataBytes), (metadataID, metadataBytes)] {
      objects["packs/\(id.description.prefix(2))/\(id)"] = bytes
    }
    var manifest = DocumentTests.manifest()
    manifest.sequence = 1
    manifest.parent = nil
    manifest.source.pathBase64 = "L2RhdGEv/w=="
    manifest.tree = content
    manifest.packs = [dataID, metadataID]
    self.manifest = manifest
    let document = Document.encode(manifest)
    objects["snapshots/2026-11/20261124T080002.123456789Z-\(ChunkID(of: document)).json"] = document
    let note = Document.encode(
      Note(kind: .pin, time: Self.time, sequence: 1, snapshot: ChunkID(of: document), value: true))
    objects["notes/2026-11/20261124T080000.123456789Z-\(ChunkID(of: note))"] = note
    let condemned = Document.encode(DocumentTests.condemned())
    objects["condemned/\(ChunkID(of: condemned))"] = condemned
    objects["config/1"] = DocumentTests.config().encoded
    plaintexts = chunks
    self.files = files
  }

  // MARK: On disk

  func write() throws {
    try? FileManager.default.removeItem(at: Self.folder)
    for (name, bytes) in objects {
      let file = Self.folder.appending(path: name)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: file)
    }
  }

  /// The objects as they lie in the fixtures.
  static func stored() throws -> [String: [UInt8]] {
    var objects: [String: [UInt8]] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path()) {
      let file = folder.appending(path: name)
      if (try? file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true {
        objects[name] = [UInt8](try Data(contentsOf: file))
      }
    }
    return objects
  }
}
