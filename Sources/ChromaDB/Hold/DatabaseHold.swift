import CSQLite
import Dispatch
import GRDBSQLite
import Synchronization
import SystemIO
package import SystemPackage

/// Holds a Chroma database still while others use it: nobody can begin to write, everybody can read.
///
/// A hold is taken and given back as often as needed. What it takes depends on the database's condition, looked at anew
/// each time: SQLite's write lock (`BEGIN IMMEDIATE`) for a database in use, a shared lock on the file where a crashed
/// writer left a journal, nothing where only a log is left over or the caller says that nobody uses the directory. A
/// watchdog gives a hold back that outlasts its limit; what was read under it is then void.
///
/// One owner of every descriptor: see `DatabaseFile`. Calls come from one thread at a time.
package final class DatabaseHold: Sendable {
  package struct Limits: Sendable {
    /// Seconds to wait for others to give the write lock back.
    package var wait: Double = 60
    /// Seconds after which the watchdog ends a hold.
    package var hold: Double = 30
    /// The same after a crash, when all of the database is copied under it.
    package var recovery: Double = 600
    /// Asked while waiting: whether to give up.
    package var isCancelled: @Sendable () -> Bool = { false }
    package init() {}
  }

  /// What belongs to SQLite. Closed before the plain descriptors are.
  struct Connections {
    /// Holds the lock.
    var locking: SQLiteConnection?
    /// Reads in WAL mode: a backup from the locking connection would find itself locked.
    var reading: SQLiteConnection?
    /// `-shm`, for asking who holds the log's write lock.
    var sharedMemory: DescriptorFile?
  }

  enum Grip {
    case none
    /// Held for so long; the condition it was taken in; what it looked like then, where no lock protects it.
    case held(for: Stopwatch, DatabaseCondition, [FileStamp?])
    /// Ended by the watchdog; the condition that it was taken in.
    case expired(DatabaseCondition)
  }

  let directory: FilePath
  private let scratch: FilePath
  private let limits: Limits
  private let isOffline: Bool
  let file: DatabaseFile
  private let connections = Mutex(Connections())
  private let grip = Mutex(Grip.none)
  /// Counts holds, so that a watchdog ends only its own.
  private let generation = Atomic<Int>(0)

  /// - Parameters:
  ///   - directory: A Chroma directory.
  ///   - scratch: A private folder for copies; as much room as the database takes, in WAL mode or after a crash.
  ///   - isOffline: Nobody uses the directory, so nothing is locked, and no write permission is needed.
  package init(
    _ directory: FilePath, scratch: FilePath, limits: Limits = Limits(), isOffline: Bool = false
  ) throws(ChromaError) {
    self.directory = directory
    self.scratch = scratch
    self.limits = limits
    self.isOffline = isOffline
    file = try DatabaseFile(opening: directory.appending(ChromaDirectory.databaseName))
  }

  deinit {
    abandon()
    close()
  }

  /// Closes SQLite's connections first, then the descriptors that would take their locks away.
  private func close() {
    connections.withLock { connections in
      // Were we the last to close it, SQLite would fold the log in: that is for Chroma to do. An empty log may go.
      let log = try? FileStatus(at: directory.appending(ChromaDirectory.Sidecar.writeAheadLog.rawValue))
      if let log, log.size > 0 {
        for case let connection? in [connections.locking, connections.reading] {
          unsafe _ = csqlite_keep_log_on_close(connection.handle)
        }
      }
      connections.locking = nil
      connections.reading = nil
      connections.sharedMemory = nil
    }
  }

  // MARK: Taking and giving back

  /// The condition that the database is held in, or else the one that it is in now.
  package func condition() throws(ChromaError) -> DatabaseCondition {
    if case .held(_, let condition, _) = grip.withLock({ $0 }) { return condition }
    return try .of(file, directory, isUnused: isOffline)
  }

  /// Waits a moment for others to give a lock back, if there is time left.
  private func pause(_ seconds: Double, for lock: String, since watch: Stopwatch) throws(ChromaError) {
    if limits.isCancelled() { throw ChromaError(.cancelled, "interrupted") }
    guard watch.seconds < limits.wait else {
      let seconds = Int(min(limits.wait, 1e9).rounded(.up))
      throw ChromaError(.busy, "other processes kept \(lock) for \(seconds) s", path: file.path)
    }
    sleepFor(seconds: seconds)
  }

  /// Takes the hold, waiting for others for as long as the limit says.
  /// - Returns: The condition that the database is held in.
  package func acquire() throws(ChromaError) -> DatabaseCondition {
    let watch = Stopwatch()
    while true {
      if let condition = try attempt() { return condition }
      // Chroma's writers poll every 100 ms at most, so this wins soon even against many.
      try pause(0.001, for: "the database's write lock", since: watch)
    }
  }

  /// Takes the hold if it is free.
  private func attempt() throws(ChromaError) -> DatabaseCondition? {
    let status = try onSystem { () throws(SystemError) in try FileStatus(at: file.path) }
    guard FileIdentity(status) == file.identity else {
      throw ChromaError(.vanished, "the database was replaced meanwhile; try again", path: file.path)
    }
    let condition = try DatabaseCondition.of(file, directory, isUnused: isOffline)
    if isOffline { return grasp(condition, try stamps()) }
    switch condition {
    case .rollbackJournal, .writeAheadLog:
      let connection: SQLiteConnection
      do throws(ChromaError) { connection = try begin(condition) } catch {
        if error.code == .busy { return nil }
        throw error
      }
      guard unsafe sqlite3_txn_state(connection.handle, "main") == SQLITE_TXN_WRITE else {
        try? connection.execute("ROLLBACK")
        throw needsWritePermission
      }
      return grasp(condition, [])
    case .hotJournal:
      guard LockBytes.share(file.file.descriptor) else { return nil }
      // Somebody may have recovered it before the lock was taken.
      guard try onSystem({ () throws(SystemError) in try DatabaseCondition.hasHotJournal(file, directory) }) else {
        LockBytes.release(file.file.descriptor)
        return nil
      }
      return grasp(condition, [])
    case .leftoverLog: return grasp(condition, try stamps())
    }
  }

  private func begin(_ condition: DatabaseCondition) throws(ChromaError) -> SQLiteConnection {
    let connection = try connect(condition)
    do throws(SQLiteError) { try connection.execute("BEGIN IMMEDIATE") } catch { throw failure(error) }
    return connection
  }

  private func grasp(_ condition: DatabaseCondition, _ stamps: [FileStamp?]) -> DatabaseCondition {
    grip.withLock { $0 = .held(for: Stopwatch(), condition, stamps) }
    let number = generation.add(1, ordering: .relaxed).newValue
    guard let limit = limit(of: condition) else { return condition }
    DispatchQueue.global().asyncAfter(deadline: .now() + limit) { [weak self] in
      guard let self, generation.load(ordering: .relaxed) == number else { return }
      letGo(becoming: .expired(condition))
    }
    return condition
  }

  /// Seconds that a hold may last; `nil` where nobody waits for its end.
  private func limit(of condition: DatabaseCondition) -> Double? {
    if isOffline { return nil }
    return switch condition {
    case .rollbackJournal, .writeAheadLog: limits.hold
    case .hotJournal: limits.recovery
    case .leftoverLog: nil
    }
  }

  /// Gives the hold back after proving that it stood until now.
  /// - Returns: Seconds that it was held.
  /// - Throws: `holdExpired`, `lockLost` or `unstable`: what was read under it may be torn.
  @discardableResult
  package func release() throws(ChromaError) -> Double {
    let proof: Result<Void, ChromaError>
    do throws(ChromaError) { proof = .success(try assertStands()) } catch { proof = .failure(error) }
    let seconds = letGo(becoming: .none)
    try proof.get()
    return seconds
  }

  /// Gives the hold back without asking whether it stood: nothing that was read under it counts.
  @discardableResult
  package func abandon() -> Double { letGo(becoming: .none) }

  @discardableResult
  private func letGo(becoming next: Grip) -> Double {
    grip.withLock { grip in
      defer { grip = next }
      guard case .held(let watch, let condition, _) = grip else { return 0 }
      generation.add(1, ordering: .relaxed)
      if !isOffline {
        switch condition {
        case .rollbackJournal, .writeAheadLog:
          connections.withLock { connections in _ = try? connections.locking?.execute("ROLLBACK") }
        case .hotJournal: LockBytes.release(file.file.descriptor)
        case .leftoverLog: break
        }
      }
      return watch.seconds
    }
  }

  /// Proves that the hold stands: asks the kernel for the lock, or compares what no lock protects.
  package func assertStands() throws(ChromaError) {
    let (condition, stamps): (DatabaseCondition, [FileStamp?])
    switch grip.withLock({ $0 }) {
    case .held(_, let held, let looks): (condition, stamps) = (held, looks)
    case .expired(.hotJournal):
      throw ChromaError(
        .recoveryExpired, "copying what a crash has left outlasted its limit of \(limits.recovery) s", path: file.path)
    case .expired:
      throw ChromaError(
        .holdExpired, "the hold outlasted its limit of \(limits.hold) s and was given back; nothing was kept of it",
        path: file.path)
    case .none: throw lockLost
    }
    if isOffline || condition == .leftoverLog {
      guard try self.stamps() == stamps else {
        throw ChromaError(.unstable, "the database changed while it was read; close what uses it", path: file.path)
      }
      return
    }
    let holder = try onSystem { () throws(SystemError) -> LockBytes.Holder in
      switch condition {
      case .rollbackJournal: return try LockBytes.writer(of: LockBytes.reserved, file.file.descriptor)
      case .writeAheadLog:
        guard let memory = connections.withLock({ $0.sharedMemory }) else { return .nobody }
        return try LockBytes.writer(of: LockBytes.logWriter, memory.descriptor)
      // A lock of an open file dies only with it, so only the journal can tell.
      case .hotJournal: return try DatabaseCondition.hasHotJournal(file, directory) ? .thisProcess : .nobody
      case .leftoverLog: return .unknown
      }
    }
    if holder != .thisProcess && holder != .unknown { throw lockLost }
  }

  private var lockLost: ChromaError {
    ChromaError(
      .lockLost, "the lock on the database was lost: something in this process closed a descriptor of it",
      path: file.path)
  }

  private func failure(_ error: SQLiteError) -> ChromaError {
    switch error.primaryCode {
    // What SQLite says of a folder or a file that it may not write to.
    case SQLITE_READONLY, SQLITE_PERM, SQLITE_CANTOPEN: needsWritePermission
    default: ChromaError(error, path: file.path)
    }
  }

  private var needsWritePermission: ChromaError {
    ChromaError(
      .needsWritePermission, "not writable, so writers cannot be held off", path: file.path)
  }

  /// The database and its log as stat(2) sees them.
  private func stamps() throws(ChromaError) -> [FileStamp?] {
    try onSystem { () throws(SystemError) in
      let log = try ChromaDirectory.status(directory.appending(ChromaDirectory.Sidecar.writeAheadLog.rawValue))
      let journal = try ChromaDirectory.status(directory.appending(ChromaDirectory.Sidecar.journal.rawValue))
      return [FileStamp(try file.file.descriptor.status()), log.map { FileStamp($0) }, journal.map { FileStamp($0) }]
    }
  }

  // MARK: Connections

  private func connect(_ condition: DatabaseCondition) throws(ChromaError) -> SQLiteConnection {
    if let open = connections.withLock({ $0.locking }) {
      // The path may name another file by now, and the mode may have changed.
      if (condition == .writeAheadLog) == connections.withLock({ $0.reading != nil }) { return open }
      close()
    }
    let fresh = try openConnections(condition)
    connections.withLock { $0 = fresh }
    return fresh.locking!
  }

  private func openConnections(_ condition: DatabaseCondition) throws(ChromaError) -> Connections {
    let path = file.path
    var result = Connections()
    func open() throws(ChromaError) -> SQLiteConnection {
      do throws(SQLiteError) { return try SQLiteConnection(opening: path, .readWrite) } catch {
        throw failure(error)
      }
    }
    let locking = try open()
    guard unsafe sqlite3_db_readonly(locking.handle, "main") == 0 else { throw needsWritePermission }
    result.locking = locking
    if condition == .writeAheadLog {
      result.reading = try open()
      // Reading once makes SQLite map the shared memory, whose file exists from then on. What the tables are is no matter.
      do throws(SQLiteError) { _ = try locking.integer("PRAGMA schema_version") } catch {
        throw failure(error)
      }
      result.sharedMemory = try onSystem { () throws(SystemError) in
        try DescriptorFile(opening: directory.appending(ChromaDirectory.Sidecar.sharedMemory.rawValue))
      }
    }
    return result
  }

  // MARK: What is inside

  /// The database as it is held: its own bytes, a copy in scratch, or what a reader of the write-ahead log sees.
  package enum Content: Sendable {
    case file(DatabaseContent)
    case copy(ScratchCopy)
    /// `copyPinned` copies it, when the hold is over.
    case pinned
  }

  /// Gives the content while it is held. Copies it after a crash; then the hold may be released before the copy is read.
  /// A write-ahead log is pinned: a read transaction that begins under the hold sees this state for as long as it lasts,
  /// whatever others write meanwhile.
  package func content() throws(ChromaError) -> Content {
    guard case .held(_, let condition, _) = grip.withLock({ $0 }) else { throw lockLost }
    switch condition {
    case .rollbackJournal: return .file(try onSystem { () throws(SystemError) in try file.content() })
    case .writeAheadLog:
      guard !isOffline else { return .file(try onSystem { () throws(SystemError) in try file.content() }) }
      try withPin { reading throws(SQLiteError) in
        if unsafe sqlite3_txn_state(reading.handle, "main") != SQLITE_TXN_NONE { try reading.execute("ROLLBACK") }
        try reading.execute("BEGIN")
        _ = try reading.integer("PRAGMA schema_version")
      }
      return .pinned
    case .hotJournal: return .copy(try ScratchCopy.recovering(file, .journal, of: directory, in: scratch))
    case .leftoverLog: return .copy(try ScratchCopy.recovering(file, .writeAheadLog, of: directory, in: scratch))
    }
  }

  /// Copies the state that `content` has pinned, and lets it go. Needs no hold: writers go on meanwhile, though their log
  /// can't begin anew.
  package func copyPinned() throws(ChromaError) -> ScratchCopy {
    guard let reading = connections.withLock({ $0.reading }),
      unsafe sqlite3_txn_state(reading.handle, "main") == SQLITE_TXN_READ
    else { throw lockLost }
    let copy = try ScratchCopy.backingUp(reading, in: scratch)
    try withPin { reading throws(SQLiteError) in try reading.execute("ROLLBACK") }
    return copy
  }

  private func withPin(_ body: (SQLiteConnection) throws(SQLiteError) -> Void) throws(ChromaError) {
    guard let reading = connections.withLock({ $0.reading }) else { throw lockLost }
    do throws(SQLiteError) { try body(reading) } catch { throw failure(error) }
  }

  /// Calls `body` with a connection that reads the database as SQLite sees it, under the hold or, where no hold is
  /// needed, without; `nil` where a look would change the source.
  func query<Result>(
    _ body: (SQLiteConnection) throws(SQLiteError) -> Result
  ) throws(ChromaError) -> Result? {
    guard !isOffline else { return nil }
    let condition = try condition()
    guard condition == .rollbackJournal || condition == .writeAheadLog else { return nil }
    let watch = Stopwatch()
    while true {
      do throws(ChromaError) {
        let connection = try connect(condition)
        return try onSQLite(file.path) { () throws(SQLiteError) in try body(connection) }
      } catch {
        guard error.code == .busy else { throw error }
        try pause(0.005, for: "the database's lock", since: watch)
      }
    }
  }
}
