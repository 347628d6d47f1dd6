import SnapshotFormat
public import SnapshotRepository
import SystemIO
public import SystemPackage

/// What cron calls: takes a snapshot where something has changed, and keeps so many of those that it took.
///
/// It counts and removes only snapshots of this source with its own tag: what somebody took by hand, imported or pinned
/// stays, and so do those that no policy may remove (``KeepPolicy``).
public struct AutomaticBackup: Sendable {
  /// The tag of the snapshots that it takes.
  public static let tag = "auto"
  /// How many of them stay, unless told otherwise.
  public static let usualBackups = 10
  /// What they are called, before their date and time.
  public static let name = "auto_backup"

  public var source: FilePath
  /// How each snapshot is taken. Its tags get one more: ``tag``.
  public var snapshot: TakeSnapshot
  /// Which of its snapshots stay.
  public var policy: KeepPolicy
  /// Whether older ones are forgotten, and their space freed.
  public var cleansUp = true
  /// Whether each snapshot gets a ZIP beside it.
  public var writesZip = false
  /// Whether a snapshot is taken although nothing has changed.
  public var evenIfUnchanged = false
  /// How much a prune may leave unused, as a part of what stays.
  public var maxUnused = PruneRepository().maxUnused

  public init(source: FilePath) {
    self.source = source
    snapshot = TakeSnapshot(source: source)
    snapshot.name = Self.name
    policy = KeepPolicy()
    policy.last = Self.usualBackups
  }

  public struct Summary: Sendable {
    /// Its `snapshot` is `nil` where nothing has changed.
    public var taken: TakeSnapshot.Summary
    public var zip: ExportSnapshot.Summary?
    public var forgotten: [Snapshot] = []
    /// The ZIPs that went with them.
    public var zipsRemoved: [FilePath] = []
    public var pruned: PruneRepository.Summary?
    /// Seconds.
    public var duration: Double = 0

    /// Whether all was done that should be.
    public var isComplete: Bool {
      taken.isComplete && !taken.isDamaged
        && !taken.warnings.contains { [.noZip, .leftOut, .noCleanup].contains($0.code) }
    }
  }

  /// - Throws: `locked` where another run of the same source has not ended in time; what goes wrong after the snapshot is
  ///   there is a warning.
  public func run(in location: RepositoryLocation, activity: Activity = Activity()) throws(SnapshotError) -> Summary {
    let stopwatch = Stopwatch()
    guard !policy.isEmpty || !cleansUp else {
      throw SnapshotError(.usage, "a policy without a rule would forget everything", hint: "Keep at least 1 backup.")
    }
    try TargetSwap.replay(source)
    let path = try SourceLocator.resolve(source)
    let isNew = try location.createWhereMissing()
    let lock = try Repository.acquire(ObjectNames.automaticLock(of: path.bytes), .exclusive, at: location.place)
    defer { _ = lock }
    var verb = snapshot
    verb.source = path
    if !verb.tags.contains(Self.tag) { verb.tags.append(Self.tag) }
    verb.skipIfUnchanged = !evenIfUnchanged
    var summary = Summary(taken: try verb.run(in: location, activity: activity))
    summary.taken.repositoryCreated = isNew
    // Where nothing has changed, an earlier run may have failed to write it, or nobody had asked for it then.
    if writesZip, let snapshot = summary.taken.snapshot ?? summary.taken.parent {
      try attempt(.noZip, "no ZIP was written", &summary) { (summary) throws(SnapshotError) in
        let zip = SnapshotZip(snapshot)
        if summary.taken.snapshot == nil, try zip.exists(in: location) { return }
        let written = try zip.write(in: location, activity: activity)
        summary.zip = written
        summary.taken.warnings += written.warnings
      }
    }
    if cleansUp {
      try attempt(.noCleanup, "old backups were not removed", &summary) { (summary) throws(SnapshotError) in
        try forget(path, in: location, &summary)
      }
      try attempt(.noCleanup, "no space was freed", &summary) { (summary) throws(SnapshotError) in
        // Where nothing went, and no prune was cut short, there is next to nothing to free.
        let isCutShort = try !location.open(for: .read).condemned().isEmpty
        guard isCutShort || !summary.forgotten.isEmpty else { return }
        var prune = PruneRepository()
        prune.maxUnused = maxUnused
        summary.pruned = try prune.run(in: location, activity: activity)
      }
    }
    summary.duration = stopwatch.seconds
    return summary
  }

  private func forget(
    _ path: FilePath, in location: RepositoryLocation, _ summary: inout Summary
  ) throws(SnapshotError) {
    var policy = policy
    policy.scope = Self.tag
    var verb = ForgetSnapshots(policy)
    verb.source = path
    let result = try verb.run(in: location)
    summary.forgotten = result.forgotten
    summary.zipsRemoved = result.zipsRemoved
  }

  /// Does what comes after the snapshot, which is there whatever becomes of it.
  private func attempt(
    _ code: SnapshotWarning.Code, _ consequence: String, _ summary: inout Summary,
    _ body: (inout Summary) throws(SnapshotError) -> Void
  ) throws(SnapshotError) {
    do throws(SnapshotError) { try body(&summary) } catch {
      if error.code == .cancelled { throw error }
      summary.taken.warnings.append(
        SnapshotWarning(code, "\(consequence): \(error.message)" + (error.hint.map { ". \($0)" } ?? "")))
    }
  }
}
