import ChromaDB
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

/// Takes a Chroma directory, held still by the capture's recipe, into the engine.
final class ChromaCapture: CaptureSink {
  typealias Failure = SnapshotError

  private let source: FilePath
  private var exclusions: SourceScan.Exclusions
  private let scratch: FilePath
  private let held: HeldFiles
  private let activity: Activity
  private let start: (SourceScan, HeldFiles) throws(SnapshotError) -> SnapshotEngine
  private(set) var engine: SnapshotEngine?
  private(set) var scanWarnings: [SnapshotWarning] = []
  /// The database, where its own file is read.
  private var reading: DatabaseReading?
  /// What was copied under the hold.
  private lazy var spool = Spool(memory: Self.spoolMemory, folder: scratch)
  /// By index folder: the jobs whose files lie in the spool.
  private var spooledJobs: [String: [Int]] = [:]
  private var spooledFiles: Set<FileIdentity> = []
  /// Whether the plan found, under a hold, that the database is not as in the parent.
  private var mustReadDatabase = false

  /// Bytes of memory for what changes under a hold.
  private static let spoolMemory = 32 << 20
  private static let database = Array(ChromaDirectory.databaseName.utf8)

  /// - Parameters:
  ///   - scratch: A private folder.
  ///   - start: Makes the engine once the directory has been walked.
  init(
    _ source: FilePath, leavingOut exclusions: SourceScan.Exclusions, scratch: FilePath, activity: Activity,
    start: @escaping (SourceScan, HeldFiles) throws(SnapshotError) -> SnapshotEngine
  ) {
    self.source = source
    self.exclusions = exclusions
    self.scratch = scratch
    self.activity = activity
    self.start = start
    held = HeldFiles()
  }

  func firstPass(_ plan: CapturePlan) throws(SnapshotError) {
    exclusions.top = Set(plan.leftOut.map { Array($0.utf8) })
    held.putOff(plan.forbidden)
    var scan = try SourceScan.walk(source, leavingOut: exclusions, activity: activity)
    scanWarnings = scan.warnings
    if plan.directory.header.usesWriteAheadLog {
      // SQLite's files beside it come and go with every look, ours too: the folder's own time says nothing.
      scan.root.modified = plan.directory.database.modified
    }
    var status: FileStatus?
    if plan.database != nil {
      status = try calling("reading the database") { () throws(SystemError) in
        try FileStatus(at: plan.directory.databasePath).stamped(plan.directory.database)
      }
    }
    // Held before the plan is made, which looks at its first page. What the walk saw of it may be of a moment later.
    if let content = plan.database, let status {
      if let position = scan.folders[0].entries.firstIndex(where: { $0.name == Self.database[...] }) {
        scan.folders[0].entries[position].status = status
      }
      held.hold(FileIdentity(status), HeldDatabase(content: content, stat: status))
    }
    let engine = try start(scan, held)
    self.engine = engine
    if let content = plan.database, let status {
      let regions = DatabaseRegions(regionBytes: engine.repository.config.chunking.regionBytes, engine.key)
      held.hold(FileIdentity(status), HeldDatabase(content: content, stat: status, regions: regions))
      reading = DatabaseReading(engine, file: Self.database, regions: regions, spool: spool)
    }
    try engine.readAll()
  }

  func readAgain(_ folder: SegmentFolder, whileHeld: Bool) throws(SnapshotError) {
    let name = Array(folder.name.utf8)
    guard let engine, !exclusions.rules.excludes([name], isFolder: true) else { return }
    let path = source.appending(folder.name)
    // What has gone meanwhile the capture will notice, and come again or leave it out.
    guard let status = try? FileStatus(at: path, following: false), status.kind == .directory else { return }
    var entries: [ScannedEntry] = []
    for file in folder.files.keys {
      let fileName = Array(file.rawValue.utf8)
      guard !exclusions.rules.excludes([name, fileName], isFolder: false),
        let status = try? FileStatus(at: path.appending(file.rawValue), following: false), status.kind == .file
      else { continue }
      entries.append(ScannedEntry(name: fileName[...], status: status))
    }
    if whileHeld { for entry in entries { try spool(entry, of: path) } }
    // What else lies there is not Chroma's: it stays as the walk found it.
    let names = Set(entries.map(\.name))
    entries += engine.plan.entries(of: name).filter { known in
      !names.contains(known.name) && !(known.status.kind == .file && IndexHeader.isIndexFile(known.name))
    }
    entries.sort { nameOrder($0.name, $1.name) }
    try engine.withReader { (plan, reader) throws(SnapshotError) in
      try plan.replace(folder: name, status: status, entries: entries, reader: &reader)
    }
    let jobs = engine.plan.takeUnread()
    guard whileHeld else { return try engine.read(jobs) }
    // Jobs are read when the hold is over: the database is not, its regions are set aside.
    func isOfDatabase(_ job: Int) -> Bool {
      reading != nil && engine.plan.jobs[job].relativePath == Self.database
    }
    spooledJobs[folder.name, default: []] += jobs.filter { !isOfDatabase($0) }
    mustReadDatabase = mustReadDatabase || jobs.contains(where: isOfDatabase)
  }

  /// Copies a file while everybody waits, to be read from the copy when nobody does.
  private func spool(_ entry: ScannedEntry, of folder: FilePath) throws(SnapshotError) {
    let path = folder.appending(nameBytes: Array(entry.name))
    do throws(SystemError) {
      let file = try Descriptor(opening: path, .read, [.noFollow, .nonBlocking])
      var runs: [Spool.Run] = []
      var buffer = ByteBuffer(capacity: SpooledFile.runBytes)
      repeat {
        buffer.count = unsafe try file.read(
          at: UInt64(runs.count) * UInt64(SpooledFile.runBytes), into: buffer.storage)
        if buffer.count > 0 { runs.append(try spool.add(buffer.bytes)) }
      } while buffer.count == SpooledFile.runBytes
      held.hold(FileIdentity(entry.status), SpooledFile(spool: spool, runs: runs, stat: entry.status))
      spooledFiles.insert(FileIdentity(entry.status))
    } catch {
      // It has gone, which the capture will notice, or may not be read, which its job will say.
      if error.errno == .noSuchFileOrDirectory || error.errno == .permissionDenied { return }
      throw SnapshotError(error, while: "copying \(path)")
    }
  }

  func leaveOut(_ folder: String) throws(SnapshotError) {
    try engine?.withReader { (plan, reader) throws(SnapshotError) in
      try plan.leaveOut(folder: Array(folder.utf8), reader: &reader)
    }
  }

  func readDatabase(_ content: any RandomAccessFile, stamp: FileStamp) throws(SnapshotError) -> UInt64 {
    guard let engine else { return 0 }
    let status = try status(stamp)
    if let reading { return try reading.readAgain(content, status: status) }
    // A copy that the capture has made: a file like any other.
    held.hold(FileIdentity(status), HeldDatabase(content: content, stat: status))
    let job = try engine.withReader { (plan, reader) throws(SnapshotError) in
      try plan.reread(file: Self.database, status: status, reader: &reader)
    }
    guard let job else { throw Self.databaseIsNew }
    try engine.read([job])
    return status.size
  }

  func readHeldDatabase(
    _ content: any RandomAccessFile, stamp: FileStamp, limit: UInt64
  ) throws(SnapshotError) -> Bool {
    guard let reading else { return try readDatabase(content, stamp: stamp) >= 0 }
    return try reading.readHeld(content, status: try status(stamp), limit: limit)
  }

  func released() throws(SnapshotError) {
    guard let engine else { return }
    let jobs = spooledJobs.sorted { $0.key < $1.key }.flatMap(\.value)
    try engine.read(jobs)
    for file in spooledFiles { held.release(file) }
    (spooledJobs, spooledFiles) = ([:], [])
    try reading?.storeAside()
  }

  /// All has been read, and counts.
  func complete() throws(SnapshotError) {
    if try reading?.complete() == false, mustReadDatabase {
      throw SnapshotError(
        .sourceBusy, "the database is not as it was, and nobody has said that it was written",
        hint: "Something changes it without SQLite's locks: stop that, and try again.")
    }
    // What lies beside a hard link to the database, in a folder that was as in the parent until now.
    if let engine { try engine.read(engine.plan.takeUnread()) }
  }

  /// The database on disk, once the capture is over; `nil` where it was read through a copy, or not at all.
  var captured: CapturedDatabase? {
    reading.flatMap { CapturedDatabase(source.appending(ChromaDirectory.databaseName), $0.regions) }
  }

  private func status(_ stamp: FileStamp) throws(SnapshotError) -> FileStatus {
    try calling("reading the database") { () throws(SystemError) in
      try FileStatus(at: source.appending(ChromaDirectory.databaseName)).stamped(stamp)
    }
  }

  static var databaseIsNew: SnapshotError {
    SnapshotError(.sourceUnreadable, "chroma.sqlite3 was not there when the directory was listed", hint: "Try again.")
  }
}

extension FileStatus {
  /// The same file with the size and times that a capture saw.
  fileprivate func stamped(_ stamp: FileStamp) -> FileStatus {
    var status = self
    status.size = stamp.size
    status.modified = stamp.modified
    status.changed = stamp.changed
    return status
  }
}

extension SnapshotEngine {
  /// Changes the plan; the reader is for the parent's trees.
  func withReader<Result>(
    _ body: (inout SnapshotPlan, inout ChunkReader) throws(SnapshotError) -> Result
  ) throws(SnapshotError) -> Result {
    var reader = ChunkReader(repository, index: index)
    return try body(&plan, &reader)
  }
}

extension SnapshotError {
  /// What a capture's error means for the user.
  init(_ error: ChromaError) {
    let (code, hint): (Code, String?) =
      switch error.code {
      case .needsWritePermission:
        (.noPermission, "Run it as the owner; or stop Chroma and say --offline.")
      case .inUse: (.sourceBusy, "Stop the process, or leave out --offline: a running database can be snapshotted.")
      case .busy: (.sourceBusy, "A writer keeps the database locked: try again, or wait longer with --lock-timeout.")
      case .cancelled: (.cancelled, nil)
      case .vanished: (.sourceMissing, "Check that the directory is still there.")
      case .recoveryExpired:
        (.sourceBusy, "Stop what uses the directory, and say --offline: then the copy may take as long as it needs.")
      case .lockLost, .holdExpired, .unstable:
        (.sourceBusy, "The snapshot was not written, nothing is lost: try again when less is being written.")
      case .system where (error.cause as? SystemError)?.errno == .permissionDenied:
        (.noPermission, "Run it as the owner.")
      case .openInThisProcess, .sqlite, .system: (.failed, nil)
      }
    self.init(code, "\(error)", hint: hint, cause: error)
  }
}
