import SystemIO
package import SystemPackage

/// Captures a Chroma directory while a Chroma process uses it.
///
/// First everything is read without any lock. Then the database is held (see `DatabaseHold`), and what changed since
/// is read again: index folders told by stat(2), the database by its change counter. An index that is being rewritten
/// just then is given time: the hold is given up, and taken again a moment later. The order is what makes it right:
/// the database is as new as the indexes or newer, so its log holds every record that an index lacks, and Chroma
/// replays it.
package struct Capture<Sink: CaptureSink> {
  package typealias Failure = CaptureFailure<Sink.Failure>

  let directory: FilePath
  let options: CaptureOptions
  let sink: Sink
  let hold: DatabaseHold
  var ledger: FolderLedger
  var report = CaptureReport()
  /// The database as the first pass read it; `nil` where that does not count.
  var firstLook: (FileStamp, SQLiteHeader)?
  /// Whether the first pass had the database's own file.
  var readsFile = false
  /// The index folders that the sink has read.
  var given: Set<String> = []
  /// A copy that was made to look into it, and can serve as the content too.
  var copy: ScratchCopy?

  /// Captures `directory` into `sink`.
  /// - Parameter scratch: A private folder for copies of the database, where its own file can't be read.
  package static func run(
    _ directory: FilePath, into sink: Sink, scratch: FilePath, options: CaptureOptions = CaptureOptions()
  ) throws(Failure) -> CaptureReport {
    let hold = try Self.onChroma { () throws(ChromaError) in
      try DatabaseHold(directory, scratch: scratch, limits: options.limits, isOffline: options.isOffline)
    }
    var capture = Capture(directory: directory, options: options, sink: sink, hold: hold)
    do throws(Failure) { try capture.run() } catch {
      hold.abandon()
      throw error
    }
    return capture.report
  }

  private init(directory: FilePath, options: CaptureOptions, sink: Sink, hold: DatabaseHold) {
    self.directory = directory
    self.options = options
    self.sink = sink
    self.hold = hold
    ledger = FolderLedger(directory, abandoned: options.abandonedAfter)
  }

  private mutating func run() throws(Failure) {
    if options.isOffline { try refuseUsers() }
    try firstPass()
    while true {
      report.tries += 1
      try refresh()
      try refreshDatabase()
      try acquire()
      let layout = try layout()
      let mayWait = report.tries > options.triesMax || options.isOffline
      if try settleFolders(layout, mayWait: mayWait), try finish(layout, mayWait: mayWait) { return }
      noteHold(hold.abandon())
      copy = nil
      try onSink { () throws(Sink.Failure) in try sink.released() }
      // A persist that has just ended commits how far it came; blocked writers poll every 100 ms at most.
      sleepFor(seconds: options.pause)
    }
  }

  /// Whether it is sure that no process has the directory open.
  private func isUnused() throws(Failure) -> Bool {
    let use = try onChroma { () throws(ChromaError) in try DirectoryUse.of(directory) }
    return use.processes.isEmpty && use.hidden == 0
  }

  private mutating func refuseUsers() throws(Failure) {
    let use = try onChroma { () throws(ChromaError) in try DirectoryUse.of(directory) }
    if let first = use.processes.first {
      throw .chroma(
        ChromaError(.inUse, "process \(first.id) (\(first.name)) has the directory open", path: directory))
    }
    if use.hidden > 0 {
      warn(
        .hiddenProcesses,
        "\(use.hidden) processes or folders of others can't be looked into: somebody may use the directory")
    }
  }

  mutating func warn(_ code: CaptureWarning.Code, _ message: String, path: String? = nil) {
    report.warnings.append(CaptureWarning(code, message, path: path))
  }

  // MARK: The first pass

  /// Seconds that a kernel's clock for files' times takes from one value to the next, or more.
  private static var tick: Double { 0.02 }

  private mutating func firstPass() throws(Failure) {
    let seen = try look()
    let began = Stopwatch()
    let layout = try onChroma { () throws(ChromaError) in try currentLayout() }
    if options.looksForUsers, seen.folders.contains(where: \.isBeingWritten), try isUnused() {
      // A copy, or a clone: its times are in whatever order it was made in, and nobody is about to finish anything.
      ledger.abandoned = FolderLedger.rest
    }
    // Times that lie well back prove rest at once; otherwise two equal looks do, apart by the monotonic clock, and the
    // reading in between is of what both saw. It begins when a later write can't bear the same time any more.
    let isFresh = !Self.isLongAtRest(seen)
    if isFresh { sleepFor(seconds: max(0, Self.tick - began.seconds)) }
    let condition = try onChroma { () throws(ChromaError) in try hold.condition() }
    readsFile = condition == .rollbackJournal || (options.isOffline && condition == .writeAheadLog)
    let plan = try plan(seen, layout, readsFile: readsFile)
    given = Set(seen.folders.map(\.name)).subtracting(plan.leftOut)
    try onSink { () throws(Sink.Failure) in try sink.firstPass(plan) }
    var after = seen
    if isFresh {
      sleepFor(seconds: max(0, FolderLedger.rest - began.seconds))
      after = try look()
    }
    let before = Dictionary(uniqueKeysWithValues: seen.folders.map { ($0.name, $0) })
    let now = Timestamp.now
    for folder in after.folders where before[folder.name] == folder {
      if ledger.isAtRest(folder, at: now, still: isFresh ? FolderLedger.rest : 0) { ledger.trust(folder) }
    }
    if readsFile, seen.database == after.database, seen.header == after.header {
      firstLook = (seen.database, seen.header)
    }
    for bloat in seen.bloat {
      warn(
        .bloatedFile, "\(bloat.kind.rawValue): \(bloat.size) bytes, \(bloat.allocated) on disk",
        path: "\(bloat.folder)/\(bloat.file.rawValue)")
    }
  }

  private func plan(
    _ seen: ChromaDirectory, _ layout: ChromaLayout?, readsFile: Bool
  ) throws(Failure) -> CapturePlan {
    var leftOut = Set(ChromaDirectory.Sidecar.allCases.map(\.rawValue))
    if let layout, layout.schema.family != .unknown, !options.includesOrphans {
      for folder in seen.folders where !layout.segments.contains(folder.name) { leftOut.insert(folder.name) }
    }
    let content = try onChroma { () throws(ChromaError) in
      try onSystem { () throws(SystemError) in try hold.file.content() }
    }
    var forbidden: Set<FileIdentity> = [hold.file.identity]
    for name in [ChromaDirectory.Sidecar.writeAheadLog, .sharedMemory] {
      if let stamp = seen.sidecars[name] { forbidden.insert(stamp.identity) }
    }
    return CapturePlan(
      directory: seen, leftOut: leftOut, database: readsFile ? content : nil, forbidden: forbidden)
  }

  private func look() throws(Failure) -> ChromaDirectory {
    let seen = try onChroma { () throws(ChromaError) in try ChromaDirectory.detect(directory, hold.file) }
    guard let seen else { throw .chroma(.noDatabase(directory)) }
    return seen
  }

  /// Whether everything was last written to so long ago that no clock or time stamp is too coarse to tell.
  private static func isLongAtRest(_ seen: ChromaDirectory) -> Bool {
    let newest = ([seen.database.newest] + seen.folders.compactMap(\.newest)).max()
    return newest.map { Timestamp.now.seconds(since: $0) > 2 } ?? false
  }

  /// The layout as readers see it now; `nil` where only a copy could tell, or the tables are damaged or not Chroma's.
  private func currentLayout() throws(ChromaError) -> ChromaLayout? {
    do throws(ChromaError) {
      return try hold.query { (connection) throws(SQLiteError) in try ChromaLayout.read(connection) } ?? nil
    } catch {
      if Self.isAboutTables(error) { return nil }
      throw error
    }
  }

  /// Whether an error says that there are no tables of Chroma's to read.
  static func isAboutTables(_ error: ChromaError) -> Bool {
    guard let cause = error.cause as? SQLiteError else { return false }
    return cause.isCorruption || cause.isForeign
  }

  // MARK: Errors

  func onChroma<Result>(_ body: () throws(ChromaError) -> Result) throws(Failure) -> Result {
    try Self.onChroma(body)
  }

  static func onChroma<Result>(_ body: () throws(ChromaError) -> Result) throws(Failure) -> Result {
    do throws(ChromaError) { return try body() } catch { throw .chroma(error) }
  }

  func onSink(_ body: () throws(Sink.Failure) -> Void) throws(Failure) {
    do throws(Sink.Failure) { try body() } catch { throw .sink(error) }
  }
}
