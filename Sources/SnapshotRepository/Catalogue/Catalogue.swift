import CSQLite
package import GRDB
import SnapshotFormat
import SystemIO
package import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The local SQLite database that says which pack holds which chunk, and what the manifests and notes say.
///
/// A cache: everything in it is rebuilt from the repository at any time, so a file that cannot be read is thrown away.
/// It belongs to one repository at one location. Readers and writers of several processes may use it at once.
package final class Catalogue: Sendable {
  private let queue: DatabaseQueue
  private let file: FilePath

  private static let version = 7

  /// Opens the catalogue in `folder`, and makes it where it is missing or cannot be read.
  package init(in folder: FilePath) throws(SnapshotError) {
    // GRDB takes a path as text: it would open another file.
    guard String(validating: folder.bytes, as: UTF8.self) != nil else {
      throw SnapshotError(
        .failed, "the cache at \(folder) can't be used: its path is not UTF-8",
        hint: "Choose another one with --cache-dir.")
    }
    try calling("making the cache folder") { () throws(SystemError) in _ = try FileSystem.makeFolders(folder) }
    let file = folder.appending("catalogue.sqlite")
    self.file = file
    if let opened = try? Self.open(file) {
      queue = opened
      return
    }
    // Missing, damaged, or of another version: it is only a cache. Of several that come at once one makes it.
    let lock = Self.lock(folder)
    defer { _ = lock }
    if let opened = try? Self.open(file) {
      queue = opened
      return
    }
    do {
      try Self.make(file)
      queue = try Self.open(file)
    } catch {
      var failure = Self.failure(error, of: file)
      if error is DatabaseError, failure.code == .failed { failure.hint = "Choose another cache with --cache-dir." }
      throw failure
    }
  }

  /// Keeps others from making the same catalogue; `nil` where that can't be, or whoever does it hangs.
  private static func lock(_ folder: FilePath) -> FileLock? {
    let stopwatch = Stopwatch()
    while stopwatch.seconds < 30 {
      do throws(SystemError) {
        if let lock = try FileLock.attempt(folder: folder) { return lock }
      } catch { return nil }
      sleepFor(seconds: 0.005)
    }
    return nil
  }

  /// Opens what is there. Nobody ever sees one that is not complete.
  private static func open(_ file: FilePath) throws -> DatabaseQueue {
    guard FileStatus.exists(file) else { throw DatabaseError(message: "there is none") }
    var configuration = Configuration()
    configuration.busyMode = .timeout(30)
    configuration.prepareDatabase { db in
      // Never corrupt after a power failure, and no fsync per transaction. The log stays when the last process closes it,
      // and is short, so that most runs sync nothing and have little to read again.
      try db.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 200")
      if let connection = unsafe db.sqliteConnection { unsafe _ = csqlite_keep_log_on_close(connection) }
    }
    let queue = try DatabaseQueue(path: file.string, configuration: configuration)
    try queue.read { db in
      guard try Int.fetchOne(db, sql: "PRAGMA user_version") == version else {
        throw DatabaseError(message: "another version")
      }
    }
    return queue
  }

  /// Makes an empty one beside, and puts it in the place of what is there.
  private static func make(_ file: FilePath) throws {
    let new = FilePath("\(file.string)-new")
    // Whoever was killed while making one has left it.
    for suffix in ["", "-wal", "-shm"] { try? FileSystem.removeFile(FilePath(new.string + suffix)) }
    // SQLite would make it readable for everybody that the umask lets.
    _ = try Descriptor(opening: new, .write, [.create, .exclusive])
    try {
      let queue = try DatabaseQueue(path: new.string)
      try queue.inDatabase { db in
        try db.execute(sql: "PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL")
        try db.execute(sql: "BEGIN; \(schema)")
        try db.execute(sql: "INSERT INTO secret VALUES (?)", arguments: [Data(randomBytes(32))])
        try db.execute(sql: "PRAGMA user_version = \(version); COMMIT")
      }
      try queue.close()
    }()
    // The old one's log would be applied to the new one.
    for suffix in ["", "-wal", "-shm", "-journal"] { try? FileSystem.removeFile(FilePath(file.string + suffix)) }
    try FileSystem.rename(new, to: file)
  }

  private static let schema = """
    CREATE TABLE folder (name TEXT PRIMARY KEY, device INTEGER, inode INTEGER, modified_s INTEGER, modified_ns INTEGER,
      changed_s INTEGER, changed_ns INTEGER) WITHOUT ROWID;
    CREATE TABLE holding (folder TEXT PRIMARY KEY, count INTEGER NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE pack (key INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, kind INTEGER, created INTEGER NOT NULL,
      durable INTEGER NOT NULL);
    CREATE INDEX pack_unsecured ON pack (id) WHERE durable = 0;
    CREATE INDEX pack_unread ON pack (id) WHERE kind IS NULL;
    CREATE TABLE chunk (id BLOB NOT NULL, pack INTEGER NOT NULL, offset INTEGER NOT NULL, stored INTEGER NOT NULL,
      length INTEGER NOT NULL, codec INTEGER NOT NULL, phase INTEGER NOT NULL, depth INTEGER NOT NULL, base BLOB,
      checksum INTEGER NOT NULL, PRIMARY KEY (id, pack)) WITHOUT ROWID;
    CREATE INDEX chunk_of_pack ON chunk (pack);
    CREATE TABLE snapshot (id BLOB PRIMARY KEY, object TEXT NOT NULL UNIQUE, source TEXT NOT NULL, path TEXT NOT NULL,
      sequence INTEGER NOT NULL, commit_time TEXT NOT NULL, time TEXT NOT NULL, name TEXT NOT NULL,
      document BLOB NOT NULL) WITHOUT ROWID;
    CREATE INDEX snapshot_order ON snapshot (sequence, time, commit_time, id);
    CREATE INDEX snapshot_of_source ON snapshot (source, sequence, time, commit_time, id);
    CREATE INDEX snapshot_at_path ON snapshot (path, sequence, time, commit_time, id);
    CREATE INDEX snapshot_name ON snapshot (name);
    CREATE INDEX snapshot_commit ON snapshot (commit_time, id);
    CREATE INDEX snapshot_time ON snapshot (time, id);
    CREATE TABLE note (id BLOB PRIMARY KEY, object TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, snapshot BLOB,
      sequence INTEGER NOT NULL, time TEXT NOT NULL, value INTEGER, document BLOB NOT NULL) WITHOUT ROWID;
    CREATE INDEX note_of ON note (snapshot);
    CREATE INDEX note_about ON note (kind, snapshot, sequence);
    CREATE TABLE seen (source TEXT NOT NULL, path BLOB NOT NULL, state BLOB NOT NULL, PRIMARY KEY (source, path))
      WITHOUT ROWID;
    CREATE TABLE fingerprint (segment BLOB PRIMARY KEY, chunks BLOB NOT NULL);
    CREATE TABLE secret (seed BLOB NOT NULL);
    CREATE TABLE seen_snapshot (source TEXT PRIMARY KEY, snapshot BLOB NOT NULL, damage BLOB NOT NULL) WITHOUT ROWID;
    """

  /// Reads, without a transaction around it: each look is one statement, and there may be one per chunk.
  package func read<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) throws(SnapshotError) -> Value {
    do { return try queue.inDatabase(body) } catch { throw Self.failure(error, of: file) }
  }

  package func write<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) throws(SnapshotError) -> Value {
    do { return try queue.write(body) } catch { throw Self.failure(error, of: file) }
  }

  /// Where a document is not the one that its row says, the catalogue is damaged.
  func prove(_ document: [UInt8], _ id: ChunkID) throws(SnapshotError) {
    guard ChunkID(of: document) != id else { return }
    throw Self.failure(DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a document is not what it was"), of: file)
  }

  private static func failure(_ error: any Error, of file: FilePath) -> SnapshotError {
    if let error = error as? SnapshotError { return error }
    if let error = error as? SystemError { return SnapshotError(error, while: "making the local catalogue") }
    // A value that does not fit its column is damage too.
    let code: ResultCode? = error is RowDecodingError ? .SQLITE_CORRUPT : (error as? DatabaseError)?.resultCode
    switch code {
    case .SQLITE_FULL?:
      return SnapshotError(.noSpace, "the cache's disk is full", hint: "Free some space, or move it with --cache-dir.")
    case .SQLITE_CORRUPT?, .SQLITE_NOTADB?:
      // Who opens it next makes it anew. Damage inside is not seen when it is opened.
      try? FileSystem.removeFile(file)
      return SnapshotError(
        .failed, "the local catalogue was damaged, and is removed: \(file)",
        hint: "Run it again: the catalogue is rebuilt from the repository.", cause: error)
    default:
      return SnapshotError(
        .failed, "the local catalogue failed: \(error)", hint: "Delete the cache folder: it is rebuilt by itself.")
    }
  }
}

// MARK: - Ids in the database

extension ChunkID {
  var data: Data { Data(bytes) }

  /// From a column that holds an id; a catalogue never holds anything else there.
  init(column data: Data) { self = ChunkID(bytes: data) ?? ChunkID(of: []) }
}
