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
  private let held: HeldFiles
  private let activity: Activity
  private let start: (SourceScan, HeldFiles) throws(SnapshotError) -> SnapshotEngine
  private(set) var engine: SnapshotEngine?
  private(set) var scanWarnings: [SnapshotWarning] = []
  private static let database = Array(ChromaDirectory.databaseName.utf8)

  /// - Parameter start: Makes the engine once the directory has been walked.
  init(
    _ source: FilePath, leavingOut exclusions: SourceScan.Exclusions, activity: Activity,
    start: @escaping (SourceScan, HeldFiles) throws(SnapshotError) -> SnapshotEngine
  ) {
    self.source = source
    self.exclusions = exclusions
    self.activity = activity
    self.start = start
    held = HeldFiles()
  }

  func firstPass(_ plan: CapturePlan) throws(SnapshotError) {
    exclusions.top = Set(plan.leftOut.map { Array($0.utf8) })
    held.putOff(plan.forbidden)
    if let database = plan.database {
      let status = try calling("reading the database") { () throws(SystemError) in
        try FileStatus(at: plan.directory.databasePath)
      }
      held.hold(FileIdentity(status), HeldDatabase(content: database, stat: status.stamped(plan.directory.database)))
    }
    let scan = try SourceScan.walk(source, leavingOut: exclusions, activity: activity)
    scanWarnings = scan.warnings
    let engine = try start(scan, held)
    self.engine = engine
    try engine.readAll()
  }

  func readAgain(_ folder: SegmentFolder, whileHeld: Bool) throws(SnapshotError) {
    guard let engine else { return }
    let path = source.appending(folder.name)
    // What has gone meanwhile the capture will notice, and come again or leave it out.
    guard let status = try? FileStatus(at: path, following: false), status.kind == .directory else { return }
    var entries: [ScannedEntry] = []
    for file in folder.files.keys {
      guard let status = try? FileStatus(at: path.appending(file.rawValue), following: false) else { continue }
      entries.append(ScannedEntry(name: Array(file.rawValue.utf8), status: status))
    }
    entries.sort { nameOrder($0.name, $1.name) }
    try engine.withReader { (plan, reader) throws(SnapshotError) in
      try plan.replace(folder: Array(folder.name.utf8), status: status, entries: entries, reader: &reader)
    }
    try engine.read(engine.plan.takeUnread())
  }

  func leaveOut(_ folder: String) throws(SnapshotError) {
    try engine?.withReader { (plan, reader) throws(SnapshotError) in
      try plan.leaveOut(folder: Array(folder.utf8), reader: &reader)
    }
  }

  func readDatabase(
    _ content: any RandomAccessFile, stamp: FileStamp, whileHeld: Bool
  ) throws(SnapshotError) {
    guard let engine else { return }
    let status = try calling("reading the database") { () throws(SystemError) in
      try FileStatus(at: source.appending(ChromaDirectory.databaseName)).stamped(stamp)
    }
    held.hold(FileIdentity(status), HeldDatabase(content: content, stat: status))
    let job = try engine.withReader { (plan, reader) throws(SnapshotError) in
      try plan.reread(file: Self.database, status: status, reader: &reader)
    }
    guard let job else {
      throw SnapshotError(
        .sourceUnreadable, "chroma.sqlite3 was not there when the directory was listed", hint: "Try again.")
    }
    try engine.read([job])
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
      case .vanished: (.sourceMissing, "Check that the directory is still there.")
      case .lockLost, .holdExpired, .unstable:
        (.sourceBusy, "The snapshot was not written, nothing is lost: try again when less is being written.")
      case .system where (error.cause as? SystemError)?.errno == .permissionDenied:
        (.noPermission, "Run it as the owner.")
      case .openInThisProcess, .sqlite, .system: (.failed, nil)
      }
    self.init(code, "\(error)", hint: hint, cause: error)
  }
}
