import ChromaDB
import SnapshotFormat
public import SnapshotRepository
import SystemIO
public import SystemPackage

/// Writes a snapshot's files into a directory: staged beside it, proved, made durable, put in place by a rename.
///
/// Back to where it came from, what is there now is stored as a snapshot first.
public struct RestoreSnapshot: Sendable {
  public var selector: SnapshotSelector
  /// The directory; `nil`: where the snapshot came from.
  public var target: FilePath?
  /// Whether a process that has the target open is no obstacle. It goes on with files that are no longer there: what it
  /// reads is old, and what it writes is lost.
  public var ignoresUse = false
  /// Where there are any, only what these patterns name is restored.
  public var includes: [String] = []
  /// What these patterns name is not.
  public var excludes: [String] = []
  /// Whether a target that holds something is replaced. What it held is kept for ``UndoRestore``.
  public var replacesTarget = false
  /// Whether what the target held is kept. It is in any case where not all of it could be stored as a snapshot first.
  public var keepsUndo = true
  /// Whether nothing is written. What a restore would refuse is refused all the same.
  public var isDryRun = false

  /// What the snapshot is tagged with that is taken before a target is replaced.
  static let safetyTag = "pre-restore"

  public init(_ selector: SnapshotSelector, to target: FilePath?) {
    self.selector = selector
    self.target = target
  }

  public struct Summary: Sendable {
    public var snapshot: Snapshot
    public var target: FilePath
    /// What was in the target, stored before it was replaced.
    public var safetySnapshot: Snapshot?
    /// Of a Chroma directory: what the examination of the restored files found, before they were put in place.
    public var health = SnapshotHealth.unchecked
    public var files = 0
    /// Bytes of those files; of hard links to one another, of the first.
    public var bytes: UInt64 = 0
    /// Files of more than a chunk that the target held already: their bytes were proved and copied, not decoded.
    public var filesReused = 0
    /// Whether what the target held is kept.
    public var undoAvailable = false
    /// Seconds.
    public var duration: Double = 0
    public var warnings: [SnapshotWarning] = []
    /// In a dry run: what would be restored.
    public var paths: [SnapshotEntry] = []

    /// Takes over what came of storing what was in the target.
    fileprivate mutating func note(_ safety: TakeSnapshot.Summary) {
      safetySnapshot = safety.snapshot
      warnings += safety.warnings.map {
        SnapshotWarning($0.code, "the snapshot of what was there before: \($0.message)", path: $0.path)
      }
    }
  }

  /// - Throws: `usage` for a target that is a repository, or in or around this one, `target_exists` for one that is not
  ///   empty and not to be replaced, `target_busy` where a process has it open, `damaged` where a chunk can't be read,
  ///   `no_space`. The target is then as it was.
  public func run(in location: RepositoryLocation, activity: Activity = Activity()) throws(SnapshotError) -> Summary {
    let stopwatch = Stopwatch()
    let repository = try location.open(for: .read)
    let snapshot = try selector.find(in: repository)
    let index = try ChunkIndex(repository)
    defer { repository.noteFoundDamage(index) }
    let target = target ?? snapshot.manifest.source.location
    var summary = try restore(snapshot, to: target, from: repository, index, location, activity)
    summary.duration = stopwatch.seconds
    return summary
  }

  private func restore(
    _ snapshot: Snapshot, to target: FilePath, from repository: Repository, _ index: ChunkIndex,
    _ location: RepositoryLocation, _ activity: Activity
  ) throws(SnapshotError) -> Summary {
    var tree = SnapshotTree(snapshot, in: repository, index: index)
    let plan = try RestorePlan(&tree, includes: IgnoreRules(includes), excludes: IgnoreRules(excludes))
    if !includes.isEmpty, plan.entries.count <= 1 {
      throw SnapshotError(
        .pathNotFound, "nothing in snapshot \(snapshot.id.short) matches \(includes.joined(separator: " "))",
        hint: "`chromasnap ls \(snapshot.id.short)` shows what is in it.")
    }
    var summary = Summary(snapshot: snapshot, target: target, files: plan.files, bytes: plan.bytes)
    if !isDryRun { try TargetSwap.replay(target) }
    let checks = try RestoreTarget(target, repository: location.folder)
    let place = try checks.place(isTried: !isDryRun)
    let arriving = Set(plan.entries.compactMap(\.names.first))
    try checks.check(place, arriving: arriving)
    try check(target)
    try checkUse(of: target)
    if isDryRun {
      summary.paths = plan.entries
      return summary
    }
    let safety = self.target == nil ? try storeWhatIsThere(target, in: location, activity) : nil
    if let safety { summary.note(safety) }
    try calling("preparing \(target)") { () throws(SystemError) in _ = try FileSystem.makeFolders(place.workshop) }
    summary.target = place.target
    place.removeAbandoned()
    let staging = place.newStaging()
    do throws(SnapshotError) {
      try calling("restoring") { () throws(SystemError) in
        try FileSystem.makeFolder(staging)
        // Whoever may read what is beside the target need not have had access to the source.
        try ExtendedAttribute.removeAccessLists(at: staging)
      }
      // Held until the swap: tells it from one that was abandoned.
      let lock = try calling("restoring") { () throws(SystemError) in try FileLock.attempt(folder: staging) }
      defer { _ = lock }
      let local = LocalChunks(place.target)
      let writer = RestoreWriter(
        repository: repository, index: index, plan: plan, root: staging, activity: activity, local: local)
      summary.warnings += try writer.write()
      summary.filesReused = local?.files(of: plan) ?? 0
      // The examination reads what is in memory: it need not wait for the disk, nor the disk for it.
      let durable = Background { Result { () throws(SnapshotError) in try writer.makeDurable() } }
      defer { _ = durable.wait() }
      try examine(staging, snapshot, isWhole: includes.isEmpty && excludes.isEmpty, &summary)
      try durable.wait().get()
      try check(target)
      try checks.check(place, arriving: arriving)
      try checkUse(of: target)
      try activity.checkpoint()
      summary.undoAvailable = try calling("putting the restored files in place") { () throws(SystemError) in
        try TargetSwap.perform(staged: staging, at: place)
      }
    } catch {
      if !TargetSwap.hasBegun(with: staging, at: place), FileStatus.exists(staging) {
        try? FileSystem.removeTree(staging)
      }
      throw error
    }
    guard !keepsUndo, summary.undoAvailable else { return summary }
    guard safety?.isComplete ?? true else {
      summary.warnings.append(
        SnapshotWarning(
          .undoKept, "what was there before is kept for undo all the same: not all of it is in the snapshot of it"))
      return summary
    }
    try calling("removing what was there before") { () throws(SystemError) in try FileSystem.removeTree(place.kept) }
    summary.undoAvailable = false
    return summary
  }

  /// A target may be absent or empty; anything else is replaced only when that is asked for.
  private func check(_ target: FilePath) throws(SnapshotError) {
    guard let status = try? FileStatus(at: target) else { return }
    guard status.kind == .directory else {
      throw SnapshotError(.targetExists, "\(target) is not a directory", hint: "Choose another target.")
    }
    if replacesTarget || self.target == nil { return }
    let names = try calling("looking at \(target)") { () throws(SystemError) in try DirectoryReader.names(in: target) }
    guard names.allSatisfy(StagingNames.isOurs) else {
      throw SnapshotError(
        .targetExists, "\(target) is not empty",
        hint:
          "Choose an empty or a new directory, or replace what is there with --force; `chromasnap undo` brings it back."
      )
    }
  }

  /// Nobody may have the target open: replaced under it, a live process reads what is old and loses what it writes.
  private func checkUse(of target: FilePath) throws(SnapshotError) {
    guard !ignoresUse, (try? FileStatus(at: target).kind) == .directory else { return }
    try DirectoryUse.refuse(target)
  }

  /// Takes a snapshot of what is in the target now, all of it; `nil` where there is nothing.
  private func storeWhatIsThere(
    _ target: FilePath, in location: RepositoryLocation, _ activity: Activity
  ) throws(SnapshotError) -> TakeSnapshot.Summary? {
    guard let names = try? DirectoryReader.names(in: target), !names.allSatisfy(StagingNames.isOurs) else { return nil }
    var verb = TakeSnapshot(source: target)
    verb.name = "pre_restore"
    verb.tags = [Self.safetyTag]
    verb.description = "before the restore of \(selector.text)"
    verb.includesOrphans = true
    return try verb.run(in: location, activity: activity)
  }

  /// Looks at the restored files of a Chroma directory as Chroma would, before anybody sees them.
  private func examine(
    _ staging: FilePath, _ snapshot: Snapshot, isWhole: Bool, _ summary: inout Summary
  ) throws(SnapshotError) {
    guard isWhole, snapshot.manifest.source.kind == .chroma else { return }
    let found = try RestoredDirectory(staging).examine(against: snapshot.manifest)
    summary.health = found.isEmpty ? .good : .damaged
    // A snapshot may be of a directory that was damaged already: then that is what there is.
    for problem in found { summary.warnings.append(SnapshotWarning(.damagedSource, problem)) }
  }
}
