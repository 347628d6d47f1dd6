import SnapshotFormat
import SnapshotRepository
import SystemIO

/// Finds all chunks that snapshots need: manifests, trees, lists, contents. What several snapshots share is walked once.
struct Marker: ~Copyable {
  private var reader: ChunkReader
  private(set) var marked: Set<ChunkID> = []
  private var snapshots: Set<ChunkID> = []
  /// Contents that have been walked, as what they were walked: the same bytes may be a tree here and a file there.
  private var trees: Set<Content> = []
  private var files: Set<Content> = []
  private var lists: Set<ChunkID> = []
  /// Whether trees and lists that can't be read are passed over: for a repair, never for a prune.
  private let passesOverLosses: Bool

  init(_ repository: Repository, index: ChunkIndex, passingOverLosses: Bool = false) {
    reader = ChunkReader(repository, index: index)
    passesOverLosses = passingOverLosses
  }

  /// Goes on in the repository as it is now. What has been walked needs no second walk: an id never comes to mean other
  /// bytes.
  mutating func goOn(in repository: Repository, index: ChunkIndex) {
    reader = ChunkReader(repository, index: index)
  }

  /// Marks what a snapshot needs.
  /// - Throws: `damaged` where a tree or list can't be read: nothing may be swept then.
  mutating func mark(_ snapshot: Snapshot, activity: Activity) throws(SnapshotError) {
    guard snapshots.insert(snapshot.id).inserted else { return }
    do throws(SnapshotError) { try walk(snapshot, activity) } catch {
      guard error.code == .damaged else { throw error }
      throw SnapshotError(
        .damaged, "snapshot \(snapshot.id.short) is hurt, so what it needs is not known: nothing is pruned",
        hint: SnapshotError.runRepair, pack: error.pack, chunk: error.chunk, cause: error)
    }
  }

  private mutating func walk(_ snapshot: Snapshot, _ activity: Activity) throws(SnapshotError) {
    var waiting = [snapshot.manifest.tree]
    while let content = waiting.popLast() {
      guard trees.insert(content).inserted else { continue }
      try activity.checkpoint()
      try mark(content)
      let tree = try unlessLost { (reader) throws(SnapshotError) in try reader.tree(content) }
      for entry in tree?.entries ?? [] {
        switch entry.kind {
        case .directory(let below): if below.length > 0 { waiting.append(below) }
        case .file(let content, _): if files.insert(content).inserted { try mark(content) }
        case .symbolicLink: break
        }
      }
    }
  }

  private mutating func mark(_ content: Content) throws(SnapshotError) {
    guard let root = content.root else { return }
    marked.insert(root)
    guard content.depth > 0 else { return }
    var nodes = [ContentSegment(offset: 0, length: content.length, level: content.depth, id: root)]
    while let node = nodes.popLast() {
      let list = try unlessLost { (reader) throws(SnapshotError) in try reader.list(node) }
      for child in list?.children ?? [] {
        marked.insert(child.id)
        if node.level > 1, lists.insert(child.id).inserted {
          nodes.append(ContentSegment(offset: 0, length: child.length, level: node.level - 1, id: child.id))
        }
      }
    }
  }

  private mutating func unlessLost<Value>(
    _ read: (inout ChunkReader) throws(SnapshotError) -> Value
  ) throws(SnapshotError) -> Value? {
    do throws(SnapshotError) { return try read(&reader) } catch {
      guard passesOverLosses, error.code == .damaged else { throw error }
      return nil
    }
  }
}
