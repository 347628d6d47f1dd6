import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO

/// Reads what a plan says must be read, with all processors, and stores it with the trees.
struct SnapshotPass: Sendable {
  let repository: Repository
  let index: ChunkIndex
  let plan: SnapshotPlan
  let level: Int
  let activity: Activity
  let held: HeldFiles

  struct Result: Sendable {
    var tree: Content
    var packs: [ChunkID] = []
    var bytesRead: UInt64 = 0
    var bytesStored: UInt64 = 0
    var chunksNew = 0
    var patchesNew = 0
    var statistics: Manifest.Statistics
    var filesNew = 0
    var filesChanged = 0
    var filesUnmodified = 0
    var warnings: [SnapshotWarning] = []
    var states: [(path: [UInt8], state: [UInt8])] = []
  }

  /// What the workers share.
  private final class Shared: Sendable {
    struct State {
      var outcomes: [FileOutcome?]
      var result: Result
      var working: Int
    }
    let state: Mutex<State>
    init(jobs: Int, workers: Int) {
      state = Mutex(
        State(
          outcomes: Array(repeating: nil, count: jobs),
          result: Result(tree: .empty, statistics: Manifest.Statistics()), working: workers))
    }
  }

  func run() throws(SnapshotError) -> Result {
    let chunker = GearChunker(repository.config.chunking)
    if plan.isUnchanged, let parent = plan.parentTree {
      var assembly = TreeAssembly(plan, outcomes: [], chunker: chunker)
      assembly.countAll()
      return Result(
        tree: parent, statistics: assembly.statistics, filesUnmodified: assembly.filesUnmodified)
    }
    activity.expect(files: plan.jobs.count, bytes: plan.jobs.reduce(0) { $0 + $1.status.size })
    let items = WorkItem.plan(plan.jobs, Array(plan.jobs.indices), repository.config.chunking)
    // Somebody must put the trees together even where there is nothing to read.
    let workers = max(1, min(Platform.processorCount, items.count))
    let shared = Shared(jobs: plan.jobs.count, workers: workers)
    try parallelLoop(items: max(items.count, 1), workers: workers) { (next: () -> Int?) throws(SnapshotError) in
      var worker = FileWorker(repository, index: index, chunker: chunker, held: held, level: level)
      while let item = next(), item < items.count {
        try activity.checkpoint()
        try work(items[item], plan.jobs, &worker, shared)
      }
      // The last to end puts everything together, with the packs that it has open already.
      let isLast = shared.state.withLock { state in
        state.working -= 1
        return state.working == 0
      }
      if isLast { try complete(&worker, shared, chunker) }
      try collect(&worker, shared)
    }
    return shared.state.withLock { $0.result }
  }

  private func work(
    _ item: WorkItem, _ jobs: [FileJob], _ worker: inout FileWorker, _ shared: Shared
  ) throws(SnapshotError) {
    let before = worker.bytesRead
    var done: [(Int, FileOutcome)] = []
    switch item {
    case .smallFiles(let indices):
      let outcomes = try worker.read(indices.map { jobs[$0] })
      done = Array(zip(indices, outcomes))
    case .segment(let file, let number):
      if let outcome = try worker.read(file, segment: number, jobs[file.job]) { done = [(file.job, outcome)] }
    }
    activity.did(files: done.count, bytes: worker.bytesRead - before)
    guard !done.isEmpty else { return }
    shared.state.withLock { state in for (index, outcome) in done { state.outcomes[index] = outcome } }
  }

  /// Reads once more what changed while it was read, then makes the trees.
  private func complete(
    _ worker: inout FileWorker, _ shared: Shared, _ chunker: GearChunker
  ) throws(SnapshotError) {
    var again: [Int] = []
    var jobs = plan.jobs
    for (index, outcome) in shared.state.withLock({ $0.outcomes }).enumerated() {
      guard case .unstable(_, let status)? = outcome else { continue }
      again.append(index)
      jobs[index].status = status
    }
    for item in WorkItem.plan(jobs, again, repository.config.chunking) { try work(item, jobs, &worker, shared) }
    var assembly = TreeAssembly(plan, outcomes: shared.state.withLock { $0.outcomes }, chunker: chunker)
    let tree = try assembly.assemble(with: &worker.writer)
    let done = assembly
    shared.state.withLock { state in
      state.result.tree = tree
      state.result.statistics = done.statistics
      state.result.filesNew = done.filesNew
      state.result.filesChanged = done.filesChanged
      state.result.filesUnmodified = done.filesUnmodified
      state.result.warnings = done.warnings
      state.result.states = done.states
    }
  }

  private func collect(_ worker: inout FileWorker, _ shared: Shared) throws(SnapshotError) {
    let (packs, bytes) = try worker.writer.finish()
    let (read, chunks, patches) = (worker.bytesRead, worker.writer.chunksNew, worker.writer.patchesNew)
    shared.state.withLock { state in
      state.result.packs += packs
      state.result.bytesStored += bytes
      state.result.bytesRead += read
      state.result.chunksNew += chunks
      state.result.patchesNew += patches
    }
  }
}
