import ObjectStorage
public import SnapshotFormat
public import SnapshotRepository
import SystemIO
import SystemPackage

/// Makes the best of damage. What can be read all the same, and what the sources still have, is stored anew; of what is
/// lost for good, snapshots are rewritten without it, marked incomplete. The old manifests stay, but for those that are
/// damaged themselves and not in the local catalogue.
public struct RepairSnapshots: Sendable {
  /// Whether nothing is changed.
  public var isDryRun = false

  public init() {}

  public struct Summary: Sendable {
    /// Snapshots of which something could not be restored.
    public var hurt: [Snapshot] = []
    /// Those of them that are whole again.
    public var healed: [Snapshot] = []
    /// Those that were rewritten without what is lost, and as what.
    public var rewritten: [(old: Snapshot, new: Snapshot, lost: [SnapshotEntry])] = []
    /// Those that an earlier repair has rewritten, and as what: nothing more is done for them.
    public var rewrittenBefore: [(old: Snapshot, new: Snapshot)] = []
    /// Chunks that were stored anew from packs that are damaged elsewhere.
    public var chunksSaved = 0
    /// Those of which nothing could be saved.
    public var lost: [Snapshot] = []
    /// Snapshots whose manifests are damaged, and were written anew from what the catalogue has of them.
    public var savedManifests: [ChunkID] = []
    /// Snapshots whose manifests are damaged: they are lost, and their manifests are removed.
    public var lostManifests: [ChunkID] = []
    /// The snapshots that were taken to store anew what sources still have, of sources that have changed.
    public var taken: [Snapshot] = []
    /// Sources that are not there to take it from.
    public var missingSources: [String] = []

    /// The snapshots that have lost something for good: nothing but forgetting them ends that.
    public var stillHurt: [Snapshot] { rewritten.map(\.old) + rewrittenBefore.map(\.old) + lost }
  }

  public func run(in location: RepositoryLocation, activity: Activity = Activity()) throws(SnapshotError) -> Summary {
    var summary = Summary()
    summary.savedManifests = try saveManifests(in: location, activity)
    summary.lostManifests = try giveUpManifests(in: location)
    summary.hurt = try hurtSnapshots(in: location, activity)
    if isDryRun || summary.hurt.isEmpty { return summary }
    summary.chunksSaved = try saveChunks(in: location, activity)
    try storeAnew(&summary, in: location, activity)
    let stillHurt = Set(try hurtSnapshots(in: location, activity).map(\.id))
    summary.healed = summary.hurt.filter { !stillHurt.contains($0.id) }
    let repository = try location.open(for: .write)
    let known = try repository.hurt()
    for snapshot in summary.hurt where known.contains(snapshot.id) != stillHurt.contains(snapshot.id) {
      try repository.note(.hurt, about: snapshot.id, value: stillHurt.contains(snapshot.id))
    }
    var repaired: [ChunkID: Snapshot] = [:]
    for snapshot in try repository.catalogue.snapshots() {
      if let old = snapshot.manifest.repairs { repaired[old] = snapshot }
    }
    for snapshot in summary.hurt where stillHurt.contains(snapshot.id) {
      if let new = repaired[snapshot.id] {
        summary.rewrittenBefore.append((snapshot, new))
      } else {
        try rewrite(snapshot, in: repository, &summary, activity)
      }
    }
    return summary
  }

  /// Writes manifests anew that have been damaged since the catalogue took them in. One that can't be read for another reason
  /// may be well, and is no reason to leave the rest unrepaired.
  private func saveManifests(
    in location: RepositoryLocation, _ activity: Activity
  ) throws(SnapshotError) -> [ChunkID] {
    let repository = try location.open(for: .write)
    var saved: [ChunkID] = []
    for object in try repository.catalogue.manifestObjects() {
      try activity.checkpoint()
      do throws(SnapshotError) { _ = try repository.readDocument(object) } catch {
        guard error.code == .damaged, let id = ObjectNames.id(in: object),
          let document = try repository.catalogue.manifestDocument(object), ChunkID(of: document) == id
        else { continue }
        if !isDryRun {
          try storing("writing a manifest anew") { () throws(StoreError) in
            try repository.store.put(object, Sealer.sealDocument(document))
          }
        }
        saved.append(id)
      }
    }
    return saved
  }

  /// Removes manifests that can be read and are not what their names say.
  /// - Throws: What reading one throws that may be well: nothing is lost then.
  private func giveUpManifests(in location: RepositoryLocation) throws(SnapshotError) -> [ChunkID] {
    let repository = try location.open(for: .write)
    var lost: [ChunkID] = []
    for object in repository.unreadManifests {
      do throws(SnapshotError) { _ = try repository.readDocument(object, as: Manifest.self) } catch {
        guard error.code == .damaged else { throw error }
        if !isDryRun {
          try storing("removing a damaged manifest") { () throws(StoreError) in try repository.store.delete(object) }
        }
        if let id = ObjectNames.id(in: object) { lost.append(id) }
      }
    }
    return lost
  }

  private func hurtSnapshots(
    in location: RepositoryLocation, _ activity: Activity
  ) throws(SnapshotError) -> [Snapshot] {
    let repository = try location.open(for: .read)
    let index = try ChunkIndex(repository)
    var soundness = Soundness(repository, index: index)
    var hurt: [Snapshot] = []
    for snapshot in try repository.catalogue.snapshots()
    where try !soundness.losses(of: snapshot, activity: activity).isEmpty { hurt.append(snapshot) }
    repository.noteFoundDamage(index)
    return hurt
  }

  /// Stores anew what is noted as damaged and can be read all the same: chunks of a pack that has lost its table, of which
  /// the catalogue knows where they lie, or of a disk that has come to its senses. Every byte is proved.
  private func saveChunks(in location: RepositoryLocation, _ activity: Activity) throws(SnapshotError) -> Int {
    let repository = try location.open(for: .write)
    let index = try ChunkIndex(repository)
    var reader = ChunkReader(repository, index: index)
    var writer = ChunkWriter(repository, index: index, level: TreeRewriting.level)
    var chunk = ByteBuffer(capacity: Limits.chunkBytes)
    let kinds = try repository.catalogue.packSummaries().reduce(into: [:]) { $0[$1.id] = $1.kind }
    for note in try repository.catalogue.notes(.damage).map(\.note) {
      guard let pack = note.pack else { continue }
      for entry in try repository.catalogue.entries(of: pack) where note.chunks?.contains(entry.id) ?? true {
        try activity.checkpoint()
        if try index.chain(of: entry.id) != nil { continue }
        chunk.count = 0
        do throws(SnapshotError) { try reader.read(entry.id, into: &chunk) } catch {
          guard error.code == .damaged else { throw error }
          continue
        }
        try writer.store(chunk.bytes, id: entry.id, kind: kinds[pack] ?? .data)
      }
    }
    try writer.finish()
    return writer.chunksNew
  }

  /// A snapshot stores what is not known, and what is damaged is not known: so each source is taken once more. Where it is as
  /// its last snapshot holds it, that one is whole again, and needs no other beside it.
  private func storeAnew(
    _ summary: inout Summary, in location: RepositoryLocation, _ activity: Activity
  ) throws(SnapshotError) {
    var done: Set<String> = []
    for snapshot in summary.hurt where done.insert(snapshot.manifest.source.path).inserted {
      let path = FilePath(snapshot.manifest.source.path)
      guard snapshot.manifest.source.pathBase64 == nil, (try? FileStatus(at: path).kind) == .directory else {
        summary.missingSources.append(snapshot.manifest.source.path)
        continue
      }
      var verb = TakeSnapshot(source: path)
      verb.name = "repair"
      verb.skipIfUnchanged = true
      verb.excludes = snapshot.manifest.excludes
      do throws(SnapshotError) {
        if let taken = try verb.run(in: location, activity: activity).snapshot { summary.taken.append(taken) }
      } catch {
        guard error.code == .sourceMissing || error.code == .sourceUnreadable else { throw error }
        summary.missingSources.append(snapshot.manifest.source.path)
      }
    }
  }

  private func rewrite(
    _ old: Snapshot, in repository: Repository, _ summary: inout Summary, _ activity: Activity
  ) throws(SnapshotError) {
    let index = try ChunkIndex(repository)
    var soundness = Soundness(repository, index: index)
    let losses = try soundness.losses(of: old, activity: activity)
    // Without an entry it is the first tree that is gone, and with it everything.
    guard losses.allSatisfy({ $0.entry != nil }) else {
      summary.lost.append(old)
      return
    }
    var rewriting = TreeRewriting(
      repository, index: index, losing: Set(losses.compactMap { $0.entry?.names }))
    let (tree, packs, bytes) = try rewriting.run(old)
    var manifest = old.manifest
    manifest.tree = tree
    manifest.packs = packs
    // The old one keeps its name: a name means one snapshot.
    manifest.name = try SnapshotName.unique(old.manifest.name, in: repository.catalogue)
    manifest.complete = false
    manifest.repairs = old.id
    manifest.commitTime = .now
    manifest.statistics.files = rewriting.files
    manifest.statistics.totalBytes = rewriting.bytes
    manifest.statistics.skipped += losses.count
    manifest.statistics.bytesStored = bytes
    manifest.program = Program.nameAndVersion
    try repository.secure(index, alsoExpecting: [])
    let new = try repository.commit(manifest)
    summary.rewritten.append((old, new, losses.compactMap(\.entry)))
  }
}
