import SystemIO
import SystemPackage

/// What happens from the first hold on.
extension Capture {
  /// Reads again, without a lock, what has changed since it was read and is at rest now: it need not be read under the
  /// hold then.
  mutating func refresh() throws(Failure) {
    for name in given.sorted() {
      let now = try onChroma { () throws(ChromaError) in try ledger.look(name) }
      guard ledger.trusted[name] != now, !now.files.isEmpty else { continue }
      ledger.distrust(name)
      guard ledger.isAtRest(now, at: .now) else { continue }
      _ = try read(now, whileHeld: false)
    }
  }

  /// Reads the database again, without a lock, while much of it changes: under the hold there is little left to set aside
  /// then, for it needs only to be compared.
  mutating func refreshDatabase() throws(Failure) {
    guard readsFile, !options.isOffline else { return }
    var before = UInt64.max
    for _ in 0..<options.freePassesMax {
      let condition = try onChroma { () throws(ChromaError) in try hold.condition() }
      guard condition == .rollbackJournal, try hasChanged() else { return }
      let (look, content) = try onChroma { () throws(ChromaError) in
        (try hold.file.look(), try onSystem { () throws(SystemError) in try hold.file.content() })
      }
      guard let look, content.size > options.freePassBytes else { return }
      // Equal stamps will mean equal content only where this one is not so young that a later write may bear it too.
      firstLook = Timestamp.now.seconds(since: look.0.newest) > 2 ? look : nil
      var changed: UInt64 = 0
      try onSink { () throws(Sink.Failure) in changed = try sink.readDatabase(content, stamp: look.0) }
      report.freePasses += 1
      // What changes as fast as it is read does not become less.
      if changed <= options.settledBytes || changed > before / 2 { return }
      before = changed
    }
  }

  /// Has the sink read a folder. Returns whether it was the same before and after, and so counts.
  private mutating func read(_ folder: SegmentFolder, whileHeld: Bool) throws(Failure) -> Bool {
    report.foldersReadAgain += 1
    given.insert(folder.name)
    try onSink { () throws(Sink.Failure) in try sink.readAgain(folder, whileHeld: whileHeld) }
    let after = try onChroma { () throws(ChromaError) in try ledger.look(folder.name) }
    guard after == folder, ledger.hasWholePickle(folder) else { return false }
    ledger.trust(folder)
    return true
  }

  mutating func acquire() throws(Failure) {
    let watch = Stopwatch()
    report.condition = try onChroma { () throws(ChromaError) in try hold.acquire() }
    report.waitSeconds += watch.seconds
    report.time = .now
  }

  mutating func noteHold(_ seconds: Double) {
    report.holdSeconds = seconds
    report.longestHoldSeconds = max(report.longestHoldSeconds, seconds)
  }

  /// The layout as it is held; `nil` where the tables are damaged or not Chroma's.
  mutating func layout() throws(Failure) -> ChromaLayout? {
    do throws(ChromaError) {
      if let layout = try hold.query({ (connection) throws(SQLiteError) in try ChromaLayout.read(connection) }) {
        return layout
      }
      let file: any RandomAccessFile
      switch try hold.content() {
      case .file(let content): file = content
      case .copy(let made):
        copy = made
        file = try made.open()
      // A connection could have read it.
      case .pinned: return nil
      }
      do { return try SnapshotVFS.open(file).read { try ChromaLayout.read($0) } } catch let error as SQLiteError {
        throw ChromaError(error, path: directory)
      } catch { throw ChromaError(.system, "\(error)", path: directory, cause: error) }
    } catch {
      if Self.isAboutTables(error) { return nil }
      throw .chroma(error)
    }
  }

  // MARK: Index folders

  /// Makes sure, under the hold, that every index folder that counts has been read in a state that counts.
  /// - Returns: Whether it is so: otherwise one is being written, and the hold is to be given up for a moment.
  mutating func settleFolders(_ layout: ChromaLayout?, mayWait: Bool) throws(Failure) -> Bool {
    let began = report.time
    let present = try onChroma { () throws(ChromaError) in
      try onSystem { () throws(SystemError) in try ChromaDirectory.folders(in: directory) }
    }
    report.orphans = []
    var counted: Set<String> = []
    for folder in present {
      if let layout, layout.schema.family != .unknown, !layout.segments.contains(folder.name) {
        report.orphans.append(folder.name)
        if !options.includesOrphans { continue }
      }
      counted.insert(folder.name)
      guard try settle(folder, heldSince: began, mayWait: mayWait) else { return false }
    }
    for name in given.subtracting(counted).sorted() {
      given.remove(name)
      try onSink { () throws(Sink.Failure) in try sink.leaveOut(name) }
    }
    return true
  }

  /// One folder. Changed since it was read but quiet since before the hold: read again. Changed later: whoever wrote
  /// it may have yet to record how far it came, and is kept from it by the hold.
  private mutating func settle(
    _ found: SegmentFolder, heldSince began: Timestamp, mayWait: Bool
  ) throws(Failure) -> Bool {
    var now = found
    var waited = false
    let watch = Stopwatch()
    var still = Stopwatch()
    while true {
      if ledger.trusted[now.name] == now { return true }
      if !waited, mayWait || now.size <= options.heldBytesMax, ledger.isAtRest(now, at: began),
        try read(now, whileHeld: true)
      {
        return true
      }
      guard mayWait else { return false }
      // The writer can't be waited for outside: it never rests. Its index is then ahead of the database, with log
      // records that Chroma replays without harm.
      if !waited { report.foldersAwaited += 1 }
      waited = true
      let before = now
      sleepFor(seconds: FolderLedger.rest)
      now = try onChroma { () throws(ChromaError) in try ledger.look(found.name) }
      if now != before { still = Stopwatch() }
      if ledger.isAtRest(now, at: .now, still: still.seconds), try read(now, whileHeld: true) { return true }
      guard watch.seconds < options.restMax else {
        throw .chroma(
          ChromaError(
            .unstable, "the index files did not come to rest in \(options.restMax) s",
            path: directory.appending(found.name)))
      }
    }
  }

  // MARK: The database

  /// Reads the database, proves that the hold stood, and gives it back.
  /// - Returns: Whether all of it was read: otherwise so much has changed that it is to be read without the hold first.
  mutating func finish(_ layout: ChromaLayout?, mayWait: Bool) throws(Failure) -> Bool {
    let content: DatabaseHold.Content
    if let copy {
      content = .copy(copy)
    } else {
      content = try onChroma { () throws(ChromaError) in try hold.content() }
    }
    if case .file(let file) = content, try hasChanged() {
      report.databaseReadAgain = true
      let stamp = try databaseStamp()
      let limit = mayWait ? UInt64.max : options.heldBytesMax
      var isWhole = false
      try onSink { () throws(Sink.Failure) in
        isWhole = try sink.readHeldDatabase(file, stamp: stamp, limit: limit)
      }
      guard isWhole else { return false }
    }
    var stamp = try databaseStamp()
    noteHold(try onChroma { () throws(ChromaError) in try hold.release() })
    // From here on others may write: what is read now is ours alone.
    try onSink { () throws(Sink.Failure) in try sink.released() }
    let own: ScratchCopy?
    switch content {
    case .file: own = nil
    case .copy(let copy): own = copy
    case .pinned: own = try onChroma { () throws(ChromaError) in try hold.copyPinned() }
    }
    if let own {
      report.databaseReadAgain = true
      let file = try onChroma { () throws(ChromaError) in try own.open() }
      stamp.size = file.size
      try onSink { () throws(Sink.Failure) in _ = try sink.readDatabase(file, stamp: stamp) }
    }
    explain(layout)
    return true
  }

  /// Whether the database may differ from what the first pass read. Within a rollback journal's mode every transaction
  /// changes the counter in its header; a large one changes the file's content, and so its times, even before that.
  private func hasChanged() throws(Failure) -> Bool {
    guard let (stamp, header) = firstLook else { return true }
    guard let (nowStamp, nowHeader) = try onChroma({ () throws(ChromaError) in try hold.file.look() }) else {
      return true
    }
    let log = ChromaDirectory.Sidecar.writeAheadLog.rawValue
    let quiet = stamp == nowStamp && header == nowHeader && !FileStatus.exists(directory.appending(log))
    return !(quiet && !header.usesWriteAheadLog) && !(quiet && options.isOffline)
  }

  private func databaseStamp() throws(Failure) -> FileStamp {
    try onChroma { () throws(ChromaError) in
      try onSystem { () throws(SystemError) in FileStamp(try hold.file.file.descriptor.status()) }
    }
  }

  private mutating func explain(_ layout: ChromaLayout?) {
    report.schema = layout?.schema
    for name in report.orphans {
      let fate = options.includesOrphans ? "" : "; it is left out"
      warn(.orphanFolder, "the folder of a deleted collection\(fate)", path: name)
    }
    switch report.condition {
    case .hotJournal:
      warn(
        .recoveredJournal, "a writer was cut off; the snapshot holds what was committed before",
        path: ChromaDirectory.databaseName)
    case .leftoverLog:
      warn(
        .recoveredLog, "a write-ahead log was left over; the snapshot's database includes it",
        path: ChromaDirectory.databaseName)
    case .rollbackJournal, .writeAheadLog: break
    }
    guard let layout else {
      return warn(
        .notChroma, "its tables are not Chroma's, or damaged: the index folders are taken as they are",
        path: ChromaDirectory.databaseName)
    }
    if layout.schema.family == .unknown {
      warn(
        .unknownVersion,
        "written by a version of Chroma that is not known (\(layout.schema.text)): whether indexes and tables fit each "
          + "other is not guaranteed", path: ChromaDirectory.databaseName)
    }
  }
}
