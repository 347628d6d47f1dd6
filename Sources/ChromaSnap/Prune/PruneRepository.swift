import ObjectStorage
public import SnapshotFormat
public import SnapshotRepository
import SystemIO

/// Frees what no snapshot needs: sweeps packs, and writes anew what is still needed of those with much waste.
///
/// Two phases, so that it is safe beside running snapshots and a crash at any point loses nothing. First, with the
/// repository shared: mark, copy what is needed of packs that will go, write down which packs are condemned. Then, with the
/// repository to itself: mark what has been committed meanwhile, spare what that needs, delete the rest.
public struct PruneRepository: Sendable {
  /// How much of what stays may be unused, as a fraction of what is used.
  public var maxUnused = 0.05
  /// Whether nothing is changed.
  public var isDryRun = false
  /// Of a dry run: snapshots that it takes for forgotten.
  public var takenForForgotten: Set<ChunkID> = []

  public init() {}

  public struct Summary: Sendable {
    public var plan: PrunePlan
    public var packsDeleted = 0
    public var packsWritten = 0
    /// Condemned packs that a snapshot came to need meanwhile.
    public var packsSpared = 0
    /// Entries of the audit trail that have had their time.
    public var auditEntriesRemoved = 0
    public var isDryRun: Bool
    /// Seconds.
    public var duration: Double = 0
  }

  /// - Throws: `damaged` as long as a manifest, a tree or a chunk that is needed can't be read, `locked` where another
  ///   prune or a snapshot does not end in time. Nothing is deleted then.
  public func run(in location: RepositoryLocation, activity: Activity = Activity()) throws(SnapshotError) -> Summary {
    let stopwatch = Stopwatch()
    // Before the repository is opened: whoever waits for a prune with it open holds up that very prune.
    let pruneLock = isDryRun ? nil : try Repository.acquireBeforeOpening(ObjectNames.pruneLock, at: location.place)
    defer { _ = pruneLock }
    var repository = try location.open(for: .delete)
    try repository.requireAllManifests()
    let index = try ChunkIndex(repository)
    var marker = Marker(repository, index: index)
    // What really goes is decided by what is really there.
    let gone = isDryRun ? takenForForgotten : []
    for snapshot in try repository.catalogue.snapshots() where !gone.contains(snapshot.id) {
      try marker.mark(snapshot, activity: activity)
    }
    let plan = PrunePlan(
      try repository.catalogue.packSummaries(), needed: try Self.neededCopies(marker.marked, index),
      damaged: Set(try repository.catalogue.notes(.damage).compactMap(\.note.pack)), maxUnused: maxUnused)
    var summary = Summary(plan: plan, isDryRun: isDryRun)
    if isDryRun { return summary }

    let written = try Repacking(repository: repository, activity: activity).copy(plan.repacked)
    summary.packsWritten = written.count
    let condemned = (plan.swept + plan.repacked).map(\.summary.id)
    if !condemned.isEmpty {
      guard Set(condemned).isDisjoint(with: written) else {
        throw SnapshotError(.failed, "a prune would delete a pack that it has just written: nothing was deleted")
      }
      try repository.condemn(condemned, replacements: written)
    }
    try activity.checkpoint()
    // The repository's shared lock goes before the exclusive one is asked for.
    repository = try Self.reopen(location, insteadOf: &repository)
    try Sweep(repository: repository, activity: activity).run(&summary, marker: &marker)
    RegionCache.removeOld(of: repository)
    summary.auditEntriesRemoved = try AuditTrail(at: location.place).expire(at: .now)
    summary.duration = stopwatch.seconds
    return summary
  }

  private static func reopen(
    _ location: RepositoryLocation, insteadOf shared: inout Repository
  ) throws(SnapshotError) -> Repository {
    shared.releaseLock()
    return try location.open(for: .delete, exclusively: true)
  }

  /// The copies through which the marked chunks are decoded, with their stored lengths, by pack: of each chunk one of
  /// least depth, with its bases.
  static func neededCopies(
    _ marked: Set<ChunkID>, _ index: ChunkIndex
  ) throws(SnapshotError) -> [ChunkID: [ChunkID: UInt64]] {
    var needed: [ChunkID: [ChunkID: UInt64]] = [:]
    for batch in marked.batches {
      for (id, chain) in zip(batch, try index.chains(of: batch)) {
        guard let chain else {
          throw SnapshotError(
            .damaged, "chunk \(id.short) can't be decoded: nothing is pruned", hint: SnapshotError.runRepair, chunk: id)
        }
        for copy in chain.links { needed[copy.pack, default: [:]][copy.entry.id] = UInt64(copy.entry.storedLength) }
      }
    }
    return needed
  }
}
