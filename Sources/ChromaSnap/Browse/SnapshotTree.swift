public import SnapshotFormat
import SnapshotRepository

/// One thing in a snapshot, with where it is.
public struct SnapshotEntry: Sendable {
  /// The names from the source down; empty for the source's own folder.
  public var names: [[UInt8]]
  public var entry: TreeEntry

  /// The names joined by `/`.
  public var path: [UInt8] { Array(names.joined(separator: [UInt8(ascii: "/")])) }

  /// For people: bytes that are not UTF-8 are replaced.
  public var displayPath: String { names.isEmpty ? "." : String(decoding: path, as: UTF8.self) }
}

/// Reads a snapshot's trees.
struct SnapshotTree: ~Copyable {
  let index: ChunkIndex
  var reader: ChunkReader
  private let root: Content

  init(_ snapshot: Snapshot, in repository: Repository, index: ChunkIndex) {
    self.index = index
    reader = ChunkReader(repository, index: index)
    root = snapshot.manifest.tree
  }

  /// The source's own folder.
  mutating func rootEntry() throws(SnapshotError) -> SnapshotEntry {
    guard let entry = try reader.tree(root)[[UInt8(ascii: ".")]] else {
      throw SnapshotError(.damaged, "a snapshot's first tree has no folder", hint: SnapshotError.runCheck)
    }
    return SnapshotEntry(names: [], entry: entry)
  }

  /// What lies directly in a folder.
  mutating func children(of folder: SnapshotEntry) throws(SnapshotError) -> [SnapshotEntry] {
    guard case .directory(let content) = folder.entry.kind else { return [] }
    guard content.length > 0 else { return [] }
    return try reader.tree(content).entries.map { SnapshotEntry(names: folder.names + [$0.name], entry: $0) }
  }

  /// Everything, a folder before what is in it.
  /// - Parameter descend: Whether to look into a folder.
  mutating func walk(
    from start: SnapshotEntry? = nil, descend: (SnapshotEntry) -> Bool = { _ in true },
    _ body: (SnapshotEntry) throws(SnapshotError) -> Void
  ) throws(SnapshotError) {
    let first: SnapshotEntry
    if let start { first = start } else { first = try rootEntry() }
    var waiting = [first]
    while let entry = waiting.popLast() {
      try body(entry)
      if case .directory = entry.entry.kind, descend(entry) { waiting += try children(of: entry).reversed() }
    }
  }

  /// What is at a path.
  mutating func entry(at names: [[UInt8]]) throws(SnapshotError) -> SnapshotEntry? {
    var found = try rootEntry()
    for name in names {
      guard let next = try children(of: found).first(where: { $0.entry.name == name }) else { return nil }
      found = next
    }
    return found
  }
}
