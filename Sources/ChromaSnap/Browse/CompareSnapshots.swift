import SnapshotFormat
public import SnapshotRepository
import SystemIO

/// Says what differs between two snapshots, file by file.
public struct CompareSnapshots: Sendable {
  public var before: SnapshotSelector
  public var after: SnapshotSelector

  public init(_ before: SnapshotSelector, _ after: SnapshotSelector) {
    self.before = before
    self.after = after
  }

  public enum Change: String, Sendable {
    case added, removed
    /// The content, or the kind.
    case changed
    /// Only permissions, owner, times or attributes.
    case metadata
  }

  public struct Difference: Sendable {
    public var change: Change
    public var before: SnapshotEntry?
    public var after: SnapshotEntry?

    public var entry: SnapshotEntry { after ?? before! }
  }

  /// What became of a collection's records.
  public struct CollectionDifference: Sendable {
    public var name: String
    /// What it was called before; `nil` where its name is the same, or it came or went.
    public var nameBefore: String?
    public var id: String
    /// Whether the collection came or went as a whole: `added`, `removed`; else `changed`.
    public var change = Change.changed
    public var added: Int64 = 0
    public var changed: Int64 = 0
    public var removed: Int64 = 0
    /// The ids of the records, where they were asked for.
    public var records: [(change: Change, id: String)] = []
  }

  /// Whether the ids of the records that differ are listed.
  public var listsRecords = false

  public struct Result: Sendable {
    public var before: Snapshot
    public var after: Snapshot
    /// In the order of the paths.
    public var differences: [Difference] = []
    /// Of two snapshots of Chroma directories: what differs in the collections, in the order of their names.
    public var collections: [CollectionDifference] = []
  }

  /// Folders whose trees are equal are not looked into: O(what differs).
  public func run(in location: RepositoryLocation) throws(SnapshotError) -> Result {
    let repository = try location.open(for: .read)
    let index = try ChunkIndex(repository)
    defer { repository.noteFoundDamage(index) }
    var result = Result(before: try before.find(in: repository), after: try after.find(in: repository))
    var trees = Trees(
      before: SnapshotTree(result.before, in: repository, index: index),
      after: SnapshotTree(result.after, in: repository, index: index))
    try Self.compare(trees.before.rootEntry(), trees.after.rootEntry(), &trees, &result.differences)
    if result.before.manifest.chroma != nil, result.after.manifest.chroma != nil,
      result.before.manifest.tree != result.after.manifest.tree
    {
      result.collections = try CollectionComparison(listsRecords: listsRecords).run(
        SnapshotContents(result.before.manifest.tree, in: repository, index: index),
        SnapshotContents(result.after.manifest.tree, in: repository, index: index))
    }
    return result
  }

  private struct Trees: ~Copyable {
    var before: SnapshotTree
    var after: SnapshotTree
  }

  private static func compare(
    _ a: SnapshotEntry, _ b: SnapshotEntry, _ trees: inout Trees, _ found: inout [Difference]
  ) throws(SnapshotError) {
    if a.entry == b.entry { return }
    guard case .directory(let before) = a.entry.kind, case .directory(let after) = b.entry.kind else {
      let change: Change = sameContent(a.entry.kind, b.entry.kind) ? .metadata : .changed
      found.append(Difference(change: change, before: a, after: b))
      return
    }
    // The time of a folder says no more than that something in it came or went.
    var plain = a.entry
    plain.modified = b.entry.modified
    plain.kind = b.entry.kind
    if plain != b.entry { found.append(Difference(change: .metadata, before: a, after: b)) }
    if before == after { return }
    let (old, new) = (try trees.before.children(of: a), try trees.after.children(of: b))
    var (i, j) = (0, 0)
    while i < old.count || j < new.count {
      if j == new.count || (i < old.count && nameOrder(old[i].entry.name, new[j].entry.name)) {
        try trees.before.walk(from: old[i]) { found.append(Difference(change: .removed, before: $0, after: nil)) }
        i += 1
      } else if i == old.count || nameOrder(new[j].entry.name, old[i].entry.name) {
        try trees.after.walk(from: new[j]) { found.append(Difference(change: .added, before: nil, after: $0)) }
        j += 1
      } else {
        try compare(old[i], new[j], &trees, &found)
        i += 1
        j += 1
      }
    }
  }

  private static func sameContent(_ a: TreeEntry.Kind, _ b: TreeEntry.Kind) -> Bool {
    if case .file(let x, _) = a, case .file(let y, _) = b { return x == y }
    return a == b
  }
}
