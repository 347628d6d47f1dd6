import ChromaDB
public import SnapshotFormat
public import SnapshotRepository
package import SystemIO
public import SystemPackage

/// Stores the present state of a directory as a snapshot.
public struct TakeSnapshot: Sendable {
  /// The directory.
  public var source: FilePath
  /// What the snapshot is called, before its date and time.
  public var name: String = SnapshotName.standard
  public var tags: [String] = []
  public var description: String = ""
  /// Patterns of what is left out (``IgnoreRules``).
  public var excludes: [String] = []
  /// zstd's level, 1 to 19.
  public var level = 1
  /// Whether to write no manifest where nothing has changed.
  public var skipIfUnchanged = false
  /// Of a Chroma directory: insist that nobody has it open, and lock nothing.
  public var isOffline = false
  /// Of a Chroma directory: take the folders of deleted collections too.
  public var includesOrphans = false
  /// Of a Chroma directory: whether the snapshot is examined once it is committed.
  public var examinesHealth = true
  /// Seconds that the examination may take: one that takes longer ends without a verdict, and with a warning.
  public var healthSecondsMax = 120.0
  /// Whether to make the repository where there is none.
  public var createsRepository = true
  /// For tests: what the clock says.
  package var now: @Sendable () -> Timestamp = { .now }

  public init(source: FilePath) { self.source = source }

  /// What a snapshot came to.
  public struct Summary: Sendable {
    /// The snapshot; `nil` where it was skipped since nothing has changed.
    public var snapshot: Snapshot?
    public var parent: Snapshot?
    public var source: FilePath
    public var kind: Manifest.Source.Kind
    public var repositoryCreated = false
    /// Whether the snapshot holds exactly what its parent does.
    public var unchanged = false
    public var filesNew = 0
    public var filesChanged = 0
    public var filesUnmodified = 0
    public var filesSkipped = 0
    /// Bytes of all files of the source.
    public var bytesProcessed: UInt64 = 0
    /// Bytes that had to be read.
    public var bytesRead: UInt64 = 0
    /// Bytes that the snapshot added to the repository.
    public var bytesStored: UInt64 = 0
    public var chunksNew = 0
    public var patchesNew = 0
    /// Seconds.
    public var duration: Double = 0
    /// Of a Chroma directory: for how many seconds its database was held still, and how often that was tried.
    public var holdSeconds: Double = 0
    public var tries = 1
    public var health = SnapshotHealth.unchecked
    public var warnings: [SnapshotWarning] = []

    /// Whether everything that should be in it is.
    public var isComplete: Bool { !warnings.contains(where: \.leavesOut) }

    /// Whether what was saved is damaged in itself.
    public var isDamaged: Bool { health == .damaged || warnings.contains { $0.code == .damagedSource } }
  }

  /// Takes the snapshot. When this returns one, it is durable.
  public func run(in location: RepositoryLocation, activity: Activity = Activity()) throws(SnapshotError) -> Summary {
    let stopwatch = Stopwatch()
    try SnapshotName.validate(name)
    guard (1...19).contains(level) else {
      throw SnapshotError(.usage, "\(level) is no compression level", hint: "Choose one from 1 to 19.")
    }
    // A restore of this directory that was cut short is finished first.
    try TargetSwap.replay(source)
    let path = try SourceLocator.resolve(source)
    var summary = Summary(source: path, kind: try SourceLocator.kind(of: path))
    try refuse(path, summary.kind, in: location)
    if createsRepository { summary.repositoryCreated = try location.createWhereMissing() }
    if isOffline, summary.kind != .chroma {
      throw SnapshotError(.usage, "\(path) is no Chroma directory, so --offline means nothing for it")
    }
    var started = now()
    var walk = walkMeanwhile(path, summary.kind, in: location, activity)
    let opening = Stopwatch()
    let repository = try location.open(for: .write)
    // After a wait for whoever held the lock, what was seen before it is old.
    if opening.seconds > 1 { (started, walk) = (now(), nil) }
    let exclusions = exclusions(in: location)
    try store(path, from: started, walk, leavingOut: exclusions, in: repository, &summary, activity)
    summary.duration = stopwatch.seconds
    return summary
  }

  /// Throws where there could be no snapshot, before anything is made.
  private func refuse(
    _ path: FilePath, _ kind: Manifest.Source.Kind, in location: RepositoryLocation
  ) throws(SnapshotError) {
    let database = ChromaDirectory.databaseName
    if kind == .chroma, IgnoreRules(excludes).excludes([Array(database.utf8)], isFolder: false) {
      throw SnapshotError(
        .usage, "\(database) is excluded, without which all else in \(path) is worth nothing",
        hint: "Add the pattern !\(database) behind the others.")
    }
    guard let folder = location.folder, let repository = try? FileStatus(at: folder) else { return }
    guard !FileIdentity.upwards(from: path).contains(FileIdentity(repository)) else {
      throw SnapshotError(
        .usage, "the source \(path) lies in the repository \(folder)", hint: "Name another source or repository.")
    }
  }

  private typealias Walk = Background<Result<SourceScan, SnapshotError>>

  /// Walks an ordinary directory while the repository is opened, once all that the walk must leave out is there.
  private func walkMeanwhile(
    _ path: FilePath, _ kind: Manifest.Source.Kind, in location: RepositoryLocation, _ activity: Activity
  ) -> Walk? {
    guard kind == .directory else { return nil }
    // Where the caches can't be, opening the repository says so.
    _ = try? FileSystem.makeFolders(location.place.caches)
    let exclusions = exclusions(in: location)
    guard exclusions.folders.count == 2 else { return nil }
    return Background {
      Result { () throws(SnapshotError) in
        try SourceScan.walk(path, leavingOut: exclusions, activity: activity)
      }
    }
  }

  /// What is no part of any snapshot: the repository and the caches, wherever they lie.
  private func exclusions(in location: RepositoryLocation) -> SourceScan.Exclusions {
    var exclusions = SourceScan.Exclusions(rules: IgnoreRules(excludes))
    for folder in [location.folder, location.place.caches] {
      if let folder, let status = try? FileStatus(at: folder) { exclusions.folders.insert(FileIdentity(status)) }
    }
    return exclusions
  }

  private func store(
    _ path: FilePath, from started: Timestamp, _ walk: Walk?, leavingOut exclusions: SourceScan.Exclusions,
    in repository: Repository, _ summary: inout Summary, _ activity: Activity
  ) throws(SnapshotError) {
    let root = try calling("reading the source") { () throws(SystemError) in try FileStatus(at: path) }
    let parent = try SourceLocator.parent(of: path, root: root, in: repository)
    let index = try ChunkIndex(repository)
    // Last of all: what this run has seen is not to be trusted by the next one where any of it was damaged.
    defer { repository.noteFoundDamage(index) }
    let condemned = Set(try repository.condemned().flatMap(\.record.packs))
    index.condemn(condemned)
    let sourceID = parent?.manifest.source.id ?? hexadecimal(randomBytes(16))
    let states =
      if let parent, condemned.isEmpty { try repository.catalogue.seen(of: sourceID, in: parent.id) } else {
        nil as [[UInt8]: [UInt8]]?
      }
    if states != nil { index.trustParent() }
    let level = level
    func start(_ scan: SourceScan, _ held: HeldFiles) throws(SnapshotError) -> SnapshotEngine {
      var reader = ChunkReader(repository, index: index)
      let plan = try SnapshotPlan(
        scan, states: states, parent: parent?.manifest.tree, held: held, reader: &reader)
      return try SnapshotEngine(
        repository, source: sourceID, after: parent, index: index, plan: plan, held: held, level: level,
        activity: activity)
    }
    var time = started
    let engine: SnapshotEngine
    var captured: CapturedDatabase?
    if summary.kind == .chroma,
      let found = try capture(path, leavingOut: exclusions, in: repository, &summary, activity, start: start)
    {
      (engine, time, captured) = found
    } else {
      // A capture that came to nothing may have begun packs, which went with it.
      index.forgetClaims()
      let scan =
        if let walk { try walk.wait().get() } else {
          try SourceScan.walk(path, leavingOut: exclusions, activity: activity)
        }
      summary.warnings += scan.warnings
      engine = try start(scan, HeldFiles())
      try engine.readAll()
    }
    let tables = TablesReading(captured)
    let result = try engine.complete()
    let totals = engine.totals

    summary.parent = parent
    summary.unchanged = parent != nil && parent?.manifest.tree == result.tree
    summary.filesNew = result.filesNew
    summary.filesChanged = result.filesChanged
    summary.filesUnmodified = result.filesUnmodified
    summary.bytesProcessed = result.statistics.totalBytes
    summary.bytesRead = totals.bytesRead
    summary.bytesStored = totals.bytesStored
    summary.chunksNew = totals.chunksNew
    summary.patchesNew = totals.patchesNew
    summary.warnings += result.warnings
    if let parent, summary.kind == .directory,
      let warning = try LostDatabase(path, after: parent, in: repository.catalogue)?.warning
    {
      summary.warnings.append(warning)
    }
    let commitTime = now()
    if let parent, parent.manifest.commitTime > commitTime {
      summary.warnings.append(
        SnapshotWarning(
          .clock, "the last snapshot is from \(parent.manifest.commitTime.rfc3339Seconds), which is in the future"))
    }
    summary.filesSkipped = summary.warnings.count(where: \.leavesOut)
    func remember(_ snapshot: ChunkID) throws(SnapshotError) {
      let current = Set(engine.plan.scan.folders.map(\.relativePath)).union([SnapshotPlan.rootKey])
      try repository.catalogue.recordSeen(
        of: sourceID, in: snapshot, changed: result.states,
        removed: (states ?? [:]).keys.filter { !current.contains($0) }, since: states == nil ? nil : parent?.id)
    }
    if skipIfUnchanged, summary.unchanged, let parent {
      // What is in it is as it was found the last time.
      if summary.kind == .chroma, examinesHealth { summary.health = try repository.health(of: parent.id) }
      // All was read because nothing was known of it, or damage was noted: what was missing is stored, so once is enough.
      if states == nil, condemned.isEmpty {
        try repository.secure(index, alsoExpecting: condemned)
        try remember(parent.id)
      }
      return
    }

    let (text, base64) = SourceLocator.names(path)
    var statistics = result.statistics
    statistics.skipped = summary.filesSkipped
    statistics.bytesStored = totals.bytesStored
    var manifest = Manifest(
      name: SnapshotName.make(name, at: time),
      source: Manifest.Source(
        id: sourceID, path: text, pathBase64: base64, kind: summary.kind, inode: root.inode),
      hostname: Platform.hostName, username: Platform.userName, time: time, commitTime: commitTime,
      sequence: (parent?.manifest.sequence ?? 0) + 1, parent: parent?.id, tree: result.tree, packs: totals.packs,
      statistics: statistics, tags: tags, description: description, excludes: excludes,
      complete: summary.isComplete, program: Program.nameAndVersion)
    if summary.kind == .chroma {
      // Nothing has changed: then neither has what is in it.
      manifest.chroma =
        summary.unchanged
        ? parent?.manifest.chroma
        : try ChromaExamination(result.tree, in: repository, index: index, captured: captured)
          .summary(tables: tables?.wait())
    }
    try activity.checkpoint()
    try repository.secure(index, alsoExpecting: condemned)
    let snapshot = try repository.commit(manifest)
    summary.snapshot = snapshot
    // The snapshot is there, whatever fails from here on. Where it can't be remembered, the next one reads more.
    try? remember(snapshot.id)
    if summary.kind == .chroma, examinesHealth {
      let judge = JudgeSnapshot(
        repository: repository, index: index, parent: parent, captured: captured, secondsMax: healthSecondsMax)
      do throws(SnapshotError) { try judge.run(snapshot, &summary) } catch {
        summary.warnings.append(
          SnapshotWarning(.unexamined, "the snapshot is there, but no verdict about it was noted: \(error.message)"))
      }
    }
  }

  /// Reads a Chroma directory by the recipe that holds it still.
  /// - Returns: The engine, when the data was as it was read, and the database on disk; `nil` where the database is too
  ///   damaged to be held.
  private func capture(
    _ path: FilePath, leavingOut exclusions: SourceScan.Exclusions, in repository: Repository,
    _ summary: inout Summary, _ activity: Activity,
    start: @escaping (SourceScan, HeldFiles) throws(SnapshotError) -> SnapshotEngine
  ) throws(SnapshotError) -> (SnapshotEngine, Timestamp, CapturedDatabase?)? {
    var options = CaptureOptions()
    options.isOffline = isOffline
    options.includesOrphans = includesOrphans
    // Those who write want it back for a moment: at once would be by chance.
    options.limits.wait = max(repository.lockTimeout, 1)
    options.limits.isCancelled = { activity.isCancelled }
    let scratchFolder = try calling("making a scratch folder") { () throws(SystemError) in
      try ScratchFolder("scratch", in: repository.cacheFolder)
    }
    defer { withExtendedLifetime(scratchFolder) {} }
    let scratch = scratchFolder.path
    let sink = ChromaCapture(path, leavingOut: exclusions, scratch: scratch, activity: activity, start: start)
    let report: CaptureReport
    do { report = try Capture.run(path, into: sink, scratch: scratch, options: options) } catch {
      switch error {
      case .chroma(let error) where (error.cause as? SQLiteError)?.isCorruption == true:
        summary.warnings.append(
          SnapshotWarning(
            .damagedSource, "SQLite can't open the database, so it is saved as it lies there: \(error.message)",
            path: Array(ChromaDirectory.databaseName.utf8)))
        return nil
      case .chroma(let error): throw SnapshotError(error)
      case .sink(let error): throw error
      }
    }
    try sink.complete()
    guard let engine = sink.engine else { throw SnapshotError(.failed, "the capture read nothing") }
    summary.holdSeconds = report.holdSeconds
    summary.tries = report.tries
    summary.warnings = sink.scanWarnings
    for warning in report.warnings {
      summary.warnings.append(
        SnapshotWarning(
          SnapshotWarning.Code(rawValue: warning.code.rawValue), warning.message,
          path: warning.path.map { Array($0.utf8) }))
    }
    return (engine, report.time, sink.captured)
  }
}
