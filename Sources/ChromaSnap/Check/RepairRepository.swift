public import SnapshotFormat
public import SnapshotRepository
import SystemIO
import SystemPackage

/// Makes the best of damage. What can be read all the same, and what the sources still have, is stored anew; of what is
/// lost for good, snapshots are rewritten without it, marked incomplete. Nothing is removed: that is for forget and prune.
public struct RepairRepository: Sendable {
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
    /// Packs that did not end as they should, and were written anew as they were.
    public var mendedPacks: [ChunkID] = []
    /// Chunks that were stored anew from packs that are damaged elsewhere.
    public var chunksSaved = 0
    /// Those of which nothing could be saved.
    public var lost: [Snapshot] = []
    /// Whether the repository's config was lost or damaged, and was put back. In a dry run nothing else is known then.
    public var mendedConfig = false
    /// What became of damaged documents: manifests, notes, audit entries.
    public var documents = Documents()
    /// The snapshots that were taken to store anew what sources still have, of sources that have changed.
    public var taken: [Snapshot] = []
    /// Sources that are not there to take it from.
    public var missingSources: [String] = []
    /// Sources that could not be taken now, and why. What their snapshots have lost may still be there: none of those is
    /// rewritten.
    public var failedSources: [(path: String, error: SnapshotError)] = []

    /// Snapshots whose manifests were damaged, and were written anew.
    public var savedManifests: [ChunkID] { Documents.snapshots(documents.mended) }
    /// Snapshots whose manifests are damaged and can't be mended from here: they are lost, unless somebody else can.
    public var lostManifests: [ChunkID] { Documents.snapshots(documents.kept.map(\.object)) }

    /// The snapshots that have lost something for good: nothing but forgetting them ends that.
    public var stillHurt: [Snapshot] { rewritten.map(\.old) + rewrittenBefore.map(\.old) + lost }
  }

  /// Damaged documents, by the names of their objects.
  public struct Documents: Sendable {
    /// Those that were written anew.
    public var mended: [String] = []
    /// Those that can't be mended from here, or be read at all, and why. They stay: another machine's catalogue may have
    /// them, and only whoever owns the repository knows that none does.
    public var kept: [(object: String, error: SnapshotError)] = []

    static func snapshots(_ objects: [String]) -> [ChunkID] {
      objects.filter { $0.hasPrefix("\(ObjectNames.snapshots)/") }.compactMap { ObjectNames.id(in: $0) }
    }
  }

  /// - Throws: What keeps it from reading or writing the repository, `locked` among it. That a source can't be taken is no
  ///   error: ``Summary/failedSources`` has it.
  public func run(in location: RepositoryLocation, activity: Activity = Activity()) throws(SnapshotError) -> Summary {
    var summary = Summary()
    summary.mendedConfig = try Repository.mendConfig(at: location.place, isDryRun: isDryRun)
    if isDryRun, summary.mendedConfig { return summary }
    summary.documents = try RepairDocuments(repository: location.open(for: .write), isDryRun: isDryRun).run(activity)
    summary.hurt = try hurtSnapshots(in: location, activity)
    if isDryRun { return summary }
    try withdrawNotes(butOf: summary.hurt, in: location)
    if summary.hurt.isEmpty { return summary }
    summary.mendedPacks = try RepairPacks(repository: location.open(for: .write)).run(activity)
    summary.chunksSaved = try SaveChunks(repository: location.open(for: .write)).run(of: summary.hurt, activity)
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
    let failed = Set(summary.failedSources.map(\.path))
    for snapshot in summary.hurt where stillHurt.contains(snapshot.id) {
      if let new = repaired[snapshot.id] {
        summary.rewrittenBefore.append((snapshot, new))
      } else if !failed.contains(snapshot.manifest.source.path) {
        try rewrite(snapshot, in: repository, &summary, activity)
      }
    }
    return summary
  }

  /// Of snapshots that are noted as hurt and are not: what they had lost was put back, or stored anew by a snapshot.
  private func withdrawNotes(butOf hurt: [Snapshot], in location: RepositoryLocation) throws(SnapshotError) {
    let repository = try location.open(for: .write)
    for id in try repository.hurt().subtracting(hurt.map(\.id)) where try repository.catalogue.hasSnapshot(id) {
      try repository.note(.hurt, about: id, value: false)
    }
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
        switch error.code {
        case .cancelled: throw error
        case .sourceMissing, .sourceUnreadable: summary.missingSources.append(snapshot.manifest.source.path)
        default: summary.failedSources.append((snapshot.manifest.source.path, error))
        }
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
