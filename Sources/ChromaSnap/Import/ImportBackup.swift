import SnapshotFormat
public import SnapshotRepository
import SystemIO
public import SystemPackage
import ZipArchive

/// Makes a snapshot of an old backup: with its own name and the time of its data, deduplicated against all that is there,
/// and put where it belongs among the snapshots of its source.
public struct ImportBackup: Sendable {
  public var backup: OldBackup
  /// The directory that it is a backup of. `nil`: the one that its metadata name, else one beside it.
  public var source: FilePath?
  /// zstd's level, 1 to 19.
  public var level = 1
  /// Of a Chroma directory: whether the snapshot is examined.
  public var examinesHealth = true
  /// Seconds that the examination may take: one that takes longer ends without a verdict, and with a warning.
  public var healthSecondsMax = 120.0

  /// The tag of every imported snapshot.
  public static let tag = "imported"

  public init(_ backup: OldBackup) { self.backup = backup }

  public struct Summary: Sendable {
    /// The snapshot; where the backup was there already, the one that it became then.
    public var snapshot: Snapshot
    public var wasKnown = false
    public var health = SnapshotHealth.unchecked
    /// Seconds.
    public var duration: Double = 0
    public var warnings: [SnapshotWarning] = []

    /// Whether what was imported is damaged in itself.
    public var isDamaged: Bool { health == .damaged }
  }

  /// The snapshot that the backup became when it was imported, or that it is an export of; `nil` where there is none, or
  /// the backup may have what that one lacks.
  public func known(in location: RepositoryLocation) throws(SnapshotError) -> Snapshot? {
    guard try location.exists() else { return nil }
    return try known(in: location.open(for: .read))
  }

  /// Imports it. The repository is made where there is none.
  /// - Throws: `damaged` for a backup that is not whole, `unsafe_archive` for one that no honest program writes; nothing is
  ///   stored of either.
  public func run(in location: RepositoryLocation, activity: Activity = Activity()) throws(SnapshotError) -> Summary {
    let stopwatch = Stopwatch()
    _ = try location.createWhereMissing()
    let lock = try Repository.acquire(ObjectNames.importLock, .exclusive, at: location.place)
    defer { _ = lock }
    let repository = try location.open(for: .write)
    if let snapshot = try known(in: repository) {
      return Summary(snapshot: snapshot, wasKnown: true, health: try repository.health(of: snapshot.id))
    }
    let place = try ImportPlace(backup, named: source, in: repository)
    var summary: Summary
    switch backup.form {
    case .folder:
      let folder = backup.root.reduce(backup.file) { $0.appending(nameBytes: $1) }
      summary = try store(folder, at: place, in: repository, activity)
    case .zip:
      let scratch = try calling("making a scratch folder") { () throws(SystemError) in
        try ScratchFolder("import", in: location.place.caches)
      }
      defer { withExtendedLifetime(scratch) {} }
      try OldBackup.reading(backup.file) { (reader, _) throws(SnapshotError) in
        try extraction(of: reader, to: scratch.path, for: place, activity).run()
      }
      summary = try store(scratch.path, at: place, in: repository, activity)
    }
    summary.duration = stopwatch.seconds
    return summary
  }

  private func known(in repository: Repository) throws(SnapshotError) -> Snapshot? {
    // An export holds what its snapshot does, be that incomplete; what damage has taken since it may still have.
    if let id = backup.metadata?.snapshot.flatMap({ ChunkID($0[...]) }),
      let exported = try repository.catalogue.snapshots(.withPrefix(id.description)).first,
      try !repository.hurt().contains(exported.id)
    {
      return exported
    }
    return try earlier(in: repository).last { $0.manifest.complete }
  }

  /// What the backup became when it was imported, as it is still there: not hurt, and not rewritten by a repair.
  private func earlier(in repository: Repository) throws(SnapshotError) -> [Snapshot] {
    let hurt = try repository.hurt()
    return try repository.catalogue.snapshots(.mentioning(backup.digest.description)).filter { snapshot in
      snapshot.manifest.imported?.digest == backup.digest && snapshot.manifest.repairs == nil
        && !hurt.contains(snapshot.id)
    }
  }

  /// The files will belong to whom the directory belongs, else to whom the ZIP does.
  private func extraction(
    of reader: ZipReader<Descriptor>, to folder: FilePath, for place: ImportPlace, _ activity: Activity
  ) -> ArchiveExtraction {
    let directory = (try? FileStatus(at: place.path)).flatMap { $0.kind == .directory ? $0 : nil }
    let owner = directory ?? (try? FileStatus(at: backup.file))
    return ArchiveExtraction(
      backup: backup, reader: reader, target: folder,
      owner: (owner?.owner ?? Platform.userID, owner?.group ?? Platform.groupID),
      folderPermissions: directory?.permissions ?? 0o700, activity: activity)
  }

  /// Stores a folder as the snapshot.
  private func store(
    _ folder: FilePath, at place: ImportPlace, in repository: Repository, _ activity: Activity
  ) throws(SnapshotError) -> Summary {
    let index = try ChunkIndex(repository)
    defer { repository.noteFoundDamage(index) }
    let condemned = Set(try repository.condemned().flatMap(\.record.packs))
    index.condemn(condemned)
    var exclusions = SourceScan.Exclusions()
    if backup.hasMetadataInside { exclusions.top = [Array(ExportSnapshot.metadataName.utf8)] }
    let scan = try SourceScan.walk(folder, leavingOut: exclusions, activity: activity)
    var reader = ChunkReader(repository, index: index)
    let plan = try SnapshotPlan(
      scan, states: nil, parent: place.position.neighbour?.manifest.tree, held: HeldFiles(), reader: &reader)
    let engine = try SnapshotEngine(
      repository, source: place.sourceID, after: place.position.neighbour, index: index, plan: plan, held: HeldFiles(),
      level: level, activity: activity)
    try engine.readAll()
    let result = try engine.complete()
    var warnings = scan.warnings + result.warnings
    var manifest = manifest(result, engine.totals, at: place)
    manifest.statistics.skipped = warnings.count(where: \.leavesOut)
    manifest.complete = manifest.statistics.skipped == 0
    // What could not be had the last time is still missing: nothing new is here.
    if !manifest.complete, let same = try earlier(in: repository).last(where: { $0.manifest.tree == result.tree }) {
      return Summary(snapshot: same, wasKnown: true, health: try repository.health(of: same.id))
    }
    if backup.isChroma {
      manifest.chroma = try ChromaExamination(result.tree, in: repository, index: index).summary()
    }
    warnings += remarks(on: manifest.chroma)
    try activity.checkpoint()
    try repository.secure(index, alsoExpecting: condemned)
    var summary = Summary(snapshot: try repository.commit(manifest), warnings: warnings)
    guard backup.isChroma, examinesHealth else { return summary }
    try JudgeSnapshot.examine(
      SnapshotContents(result.tree, in: repository, index: index), of: summary.snapshot.id, in: repository,
      secondsMax: healthSecondsMax, &summary.health, &summary.warnings)
    return summary
  }

  private func manifest(
    _ result: SnapshotEngine.Result, _ totals: WorkerPool.Totals, at place: ImportPlace
  ) -> Manifest {
    let (text, base64) = SourceLocator.names(place.path)
    var statistics = result.statistics
    statistics.bytesStored = totals.bytesStored
    // A tag that rotation goes by is for what was made here.
    let tags = (backup.metadata?.tags ?? []).filter { $0 != AutomaticBackup.tag && $0 != Self.tag }
    var manifest = Manifest(
      name: backup.name,
      source: Manifest.Source(
        id: place.sourceID, path: text, pathBase64: base64, kind: backup.isChroma ? .chroma : .directory,
        inode: place.inode),
      hostname: Platform.hostName, username: Platform.userName, time: backup.time, commitTime: .now,
      sequence: place.position.sequence, parent: place.position.parent?.id, tree: result.tree, packs: totals.packs,
      statistics: statistics, tags: [Self.tag] + tags, description: backup.metadata?.description ?? "", excludes: [],
      complete: true, program: Program.nameAndVersion)
    manifest.imported = Manifest.Import(file: backup.fileName, digest: backup.digest)
    return manifest
  }

  private func remarks(on found: ChromaSummary?) -> [SnapshotWarning] {
    var warnings: [SnapshotWarning] = []
    if backup.filesOutside > 0 {
      warnings.append(
        SnapshotWarning(
          .outside, "\(backup.filesOutside) files beside the Chroma directory are not part of the snapshot"))
    }
    if let found, let metadata = backup.metadata {
      warnings += metadata.mismatches(with: found).map { SnapshotWarning(.countMismatch, $0) }
    }
    return warnings
  }
}
