import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO

/// Reads what a plan says must be read, with all processors, stores it, and puts the trees together at the end. A capture
/// may change the plan in between, for what has changed since it was read.
final class SnapshotEngine {
  let repository: Repository
  let index: ChunkIndex
  let activity: Activity
  let held: HeldFiles
  var plan: SnapshotPlan
  private let chunker: GearChunker
  /// What fingerprints that outlive the run are made under.
  let key: LastingFingerprint.Key
  let regions: RegionCache
  let pool: WorkerPool
  private let outcomes = Outcomes()

  /// What has come of the jobs, as workers add to it.
  private final class Outcomes: Sendable {
    let byJob = Mutex<[FileOutcome?]>([])
  }

  struct Result {
    var tree: Content
    var statistics = Manifest.Statistics()
    var filesNew = 0
    var filesChanged = 0
    var filesUnmodified = 0
    var warnings: [SnapshotWarning] = []
    var states: [(path: [UInt8], state: [UInt8])] = []
  }

  /// - Parameters:
  ///   - source: The source's id.
  ///   - parent: The last snapshot of it.
  init(
    _ repository: Repository, source: String, after parent: Snapshot?, index: ChunkIndex, plan: SnapshotPlan,
    held: HeldFiles, level: Int, activity: Activity
  ) throws(SnapshotError) {
    self.repository = repository
    self.index = index
    self.activity = activity
    self.plan = plan
    self.held = held
    let chunker = GearChunker(repository.config.chunking)
    self.chunker = chunker
    let key = try repository.catalogue.fingerprintKey()
    self.key = key
    let regions = RegionCache(
      repository, source: source, snapshot: (parent?.manifest.sequence ?? 0) + 1, key: key)
    self.regions = regions
    pool = WorkerPool {
      FileWorker(
        repository, index: index, chunker: chunker, held: held, key: key, regions: regions, level: level)
    }
  }

  var totals: WorkerPool.Totals { pool.totals }

  /// Reads all that is to be read, and once more what changed meanwhile.
  func readAll() throws(SnapshotError) {
    let unread = plan.takeUnread()
    activity.expect(files: unread.count, bytes: unread.reduce(0) { $0 + plan.jobs[$1].status.size })
    try read(unread)
    var again: [Int] = []
    for index in unread {
      guard case .unstable(_, let status)? = outcomes.byJob.withLock({ $0[index] }) else { continue }
      again.append(index)
      plan.jobs[index].status = status
    }
    try read(again)
  }

  /// Reads the files of these jobs.
  func read(_ indices: [Int]) throws(SnapshotError) {
    makeRoom()
    let jobs = plan.jobs
    let items = WorkItem.plan(jobs, indices, repository.config.chunking)
    try parallelLoop(items: items.count) { [activity, pool, outcomes] (next: () -> Int?) throws(SnapshotError) in
      try pool.withWorker { (worker) throws(SnapshotError) in
        while let item = next() {
          try activity.checkpoint()
          let done = try Self.work(items[item], jobs, &worker, activity)
          outcomes.byJob.withLock { outcomes in for (job, outcome) in done { outcomes[job] = outcome } }
        }
      }
    }
  }

  /// Says what has come of a job that was worked off elsewhere.
  func conclude(_ job: Int, with outcome: FileOutcome) {
    makeRoom()
    outcomes.byJob.withLock { $0[job] = outcome }
  }

  private func makeRoom() {
    outcomes.byJob.withLock { outcomes in
      outcomes.reserveCapacity(plan.jobs.count)
      while outcomes.count < plan.jobs.count { outcomes.append(nil) }
    }
  }

  private static func work(
    _ item: WorkItem, _ jobs: [FileJob], _ worker: inout FileWorker, _ activity: Activity
  ) throws(SnapshotError) -> [(Int, FileOutcome)] {
    let before = worker.bytesRead
    var done: [(Int, FileOutcome)] = []
    switch item {
    case .smallFiles(let indices):
      let outcomes = try worker.read(indices.map { jobs[$0] })
      done = Array(zip(indices, outcomes))
    case .stretch(let file, let stretch):
      if let outcome = try worker.read(file, stretch, jobs[file.job]) { done = [(file.job, outcome)] }
    }
    activity.did(files: done.count, bytes: worker.bytesRead - before)
    return done
  }

  /// Puts the trees together, and makes everything durable.
  func complete() throws(SnapshotError) -> Result {
    try pool.closeData()
    var assembly = TreeAssembly(plan, outcomes: outcomes.byJob.withLock { $0 }, chunker: chunker)
    var result: Result
    if plan.isUnchanged, let parent = plan.parentTree {
      assembly.countAll()
      result = Result(tree: parent)
    } else {
      var done = assembly
      result = Result(
        tree: try pool.withWorker { (worker) throws(SnapshotError) in try done.assemble(with: &worker.writer) })
      assembly = done
    }
    try pool.finish()
    regions.conclude()
    result.statistics = assembly.statistics
    result.filesNew = assembly.filesNew
    result.filesChanged = assembly.filesChanged
    result.filesUnmodified = assembly.filesUnmodified
    result.warnings = assembly.warnings
    result.states = assembly.states
    return result
  }
}
