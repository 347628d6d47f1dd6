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
    public var warnings: [SnapshotWarning] = []

    /// Whether everything that should be in it is.
    public var isComplete: Bool { !warnings.contains(where: \.leavesOut) }
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
    var summary = Summary(source: path, kind: SourceLocator.isChroma(path) ? .chroma : .directory)
    if createsRepository, try !location.exists() {
      try location.create()
      summary.repositoryCreated = true
    }
    let repository = try location.open(for: .write)
    var exclusions = SourceScan.Exclusions(rules: IgnoreRules(excludes))
    for folder in [location.folder, location.place.caches] {
      if let folder, let status = try? FileStatus(at: folder) { exclusions.folders.insert(FileKey(status)) }
    }
    let scan = try SourceScan.walk(path, leavingOut: exclusions, activity: activity)
    try store(scan, in: repository, at: path, &summary, activity)
    summary.duration = stopwatch.seconds
    return summary
  }

  private func store(
    _ scan: SourceScan, in repository: Repository, at path: FilePath, _ summary: inout Summary, _ activity: Activity
  ) throws(SnapshotError) {
    let time = now()
    let parent = try SourceLocator.parent(of: path, root: scan.root, in: repository)
    let index = try ChunkIndex(repository)
    let condemned = Set(try repository.condemned().flatMap(\.record.packs))
    index.condemn(condemned)
    let sourceID = parent?.manifest.source.id ?? hexadecimal(randomBytes(16))
    let states =
      if let parent, condemned.isEmpty { try repository.catalogue.seen(of: sourceID, in: parent.id) } else {
        nil as [[UInt8]: [UInt8]]?
      }
    if states != nil { index.trustParent() }
    var reader = ChunkReader(repository, index: index)
    let plan = try SnapshotPlan(scan, states: states, parent: parent?.manifest.tree, reader: &reader)
    let result = try SnapshotPass(
      repository: repository, index: index, plan: plan, level: level, activity: activity, held: HeldFiles()
    ).run()

    summary.parent = parent
    summary.unchanged = parent != nil && parent?.manifest.tree == result.tree
    summary.filesNew = result.filesNew
    summary.filesChanged = result.filesChanged
    summary.filesUnmodified = result.filesUnmodified
    summary.bytesProcessed = result.statistics.totalBytes
    summary.bytesRead = result.bytesRead
    summary.bytesStored = result.bytesStored
    summary.chunksNew = result.chunksNew
    summary.patchesNew = result.patchesNew
    summary.warnings = scan.warnings + result.warnings
    if let parent, parent.manifest.commitTime > time {
      summary.warnings.append(
        SnapshotWarning(
          .clock, "the last snapshot is from \(parent.manifest.commitTime.rfc3339Seconds), which is in the future"))
    }
    summary.filesSkipped = summary.warnings.count(where: \.leavesOut)
    if skipIfUnchanged, summary.unchanged { return }

    let (text, base64) = SourceLocator.names(path)
    var statistics = result.statistics
    statistics.skipped = summary.filesSkipped
    statistics.bytesStored = result.bytesStored
    let commitTime = now()
    let manifest = Manifest(
      name: try SnapshotName.make(name, at: time, in: repository.catalogue),
      source: Manifest.Source(
        id: sourceID, path: text, pathBase64: base64, kind: summary.kind, inode: scan.root.inode),
      hostname: Platform.hostName, username: Platform.userName, time: time, commitTime: commitTime,
      sequence: (parent?.manifest.sequence ?? 0) + 1, parent: parent?.id, tree: result.tree, packs: result.packs,
      statistics: statistics, tags: tags, description: description, excludes: excludes,
      complete: summary.isComplete, program: Program.nameAndVersion)
    try activity.checkpoint()
    try repository.secure(index, alsoExpecting: condemned)
    let snapshot = try repository.commit(manifest)
    let current = Set(scan.folders.map(\.relativePath)).union([SnapshotPlan.rootKey])
    try repository.catalogue.recordSeen(
      of: sourceID, in: snapshot.id, changed: result.states,
      removed: (states ?? [:]).keys.filter { !current.contains($0) }, complete: states == nil)
    summary.snapshot = snapshot
  }
}
