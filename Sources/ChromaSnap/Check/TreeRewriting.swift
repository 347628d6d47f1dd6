import SnapshotFormat
import SnapshotRepository
import SystemIO

/// Copies a snapshot's trees without some of the entries. Folders that lose nothing keep their trees.
struct TreeRewriting: ~Copyable {
  /// zstd's level for what a repair stores.
  static let level = 3

  private let lost: Set<[[UInt8]]>
  /// The folders on the way to something that is lost.
  private let touched: Set<[[UInt8]]>
  private let chunker: GearChunker
  private var writer: ChunkWriter
  private(set) var files = 0
  private(set) var bytes: UInt64 = 0

  init(_ repository: Repository, index: ChunkIndex, losing lost: Set<[[UInt8]]>) {
    self.lost = lost
    var touched: Set<[[UInt8]]> = []
    for names in lost { for length in 0..<max(1, names.count) { touched.insert(Array(names.prefix(length))) } }
    self.touched = touched
    chunker = GearChunker(repository.config.chunking)
    writer = ChunkWriter(repository, index: index, level: Self.level)
  }

  mutating func run(_ snapshot: Snapshot) throws(SnapshotError) -> (Content, [ChunkID], UInt64) {
    let root = try rewrite(snapshot.manifest.tree, names: nil)
    try writer.finish()
    return (root, writer.packs, writer.bytesStored)
  }

  private mutating func rewrite(_ content: Content, names: [[UInt8]]?) throws(SnapshotError) -> Content {
    guard content.length > 0 else { return content }
    let tree = try writer.reading { (reader) throws(SnapshotError) in try reader.tree(content) }
    var entries: [TreeEntry] = []
    for var entry in tree.entries {
      let path = names.map { $0 + [entry.name] } ?? []
      switch entry.kind {
      case .directory(let below):
        // A folder of which the tree is lost stays, empty.
        entry.kind = .directory(lost.contains(path) ? .empty : try rewrite(below, names: path))
      case .file(let content, _):
        if lost.contains(path) { continue }
        files += 1
        bytes += content.length
      case .symbolicLink: break
      }
      entries.append(entry)
    }
    if let names, !touched.contains(names) { return content }
    return try writer.storeBytes(Tree(entries).encoded, chunker: chunker, like: [])
  }
}
