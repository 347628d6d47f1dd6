import GRDBSQLite
import Synchronization

/// A SQLite VFS for databases that nobody writes to: files on disk that are held still, or files that exist only as the
/// chunks of a snapshot.
///
/// Everything is read-only and immutable: there are no locks, no journal and no write-ahead log. Bytes 18 and 19 of the
/// header read as 1, so that a database in WAL mode opens without its log, which has been folded into it before. What
/// SQLite itself writes to temporary files goes to the operating system's VFS.
package enum SnapshotVFS {
  /// The name that SQLite knows it by.
  package static let name = "chroma-snapshot"

  /// Opens a database that is read through `file` alone, which the connection keeps alive.
  /// - Throws: `SQLiteError`, or what a failed read of `file` threw.
  package static func open(_ file: any RandomAccessFile) throws -> SnapshotDatabase {
    guard registration == SQLITE_OK else {
      throw SQLiteError(code: registration, message: "the VFS can't be registered", operation: "sqlite3_vfs_register")
    }
    let source = Source(file)
    let key = table.withLock { table in
      table.next += 1
      table.sources[table.next] = source
      return table.next
    }
    // The name is of use only while SQLite opens it: the open file refers to the source itself.
    defer { table.withLock { $0.sources[key] = nil } }
    return try source.unmasking {
      let connection = try SQLiteConnection(opening: "\(key)", .readOnly, vfs: name)
      // Reads the header now: a file that is no database fails here.
      _ = try connection.integer("PRAGMA schema_version")
      return SnapshotDatabase(connection: connection, source: source)
    }
  }

  /// What one open database reads from, and the first read that failed.
  final class Source: Sendable {
    let file: any RandomAccessFile
    let failure = Mutex<(any Error)?>(nil)
    init(_ file: any RandomAccessFile) { self.file = file }

    /// SQLite knows only that a read failed: what is thrown instead of its error is why.
    func unmasking<Result>(_ body: () throws -> Result) throws -> Result {
      do { return try body() } catch {
        if let failure = failure.withLock({ $0 }) { throw failure }
        throw error
      }
    }
  }

  private struct Table: Sendable {
    var next = 0
    var sources: [Int: Source] = [:]
  }
  private static let table = Mutex(Table())

  fileprivate static func source(named name: UnsafePointer<CChar>) -> Source? {
    guard let key = unsafe Int(String(cString: name)) else { return nil }
    return table.withLock { $0.sources[key] }
  }

  /// The result of registering the VFS, once per process.
  private static let registration: Int32 = {
    guard let system = unsafe sqlite3_vfs_find(nil) else { return SQLITE_ERROR }
    // Both live as long as the process.
    let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    unsafe methods.initialize(to: makeFileMethods())
    unsafe fileMethods = UnsafePointer(methods)
    unsafe systemVFS = system
    let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
    unsafe vfs.initialize(to: makeVFS(over: system))
    return unsafe sqlite3_vfs_register(vfs, 0)
  }()
}

/// A database opened through the snapshot VFS.
package struct SnapshotDatabase: Sendable {
  private let connection: SQLiteConnection
  private let source: SnapshotVFS.Source

  fileprivate init(connection: SQLiteConnection, source: SnapshotVFS.Source) {
    self.connection = connection
    self.source = source
  }

  /// Calls `body` with the connection.
  /// - Throws: What `body` throws; but where a read of the file failed, why it did: a damaged chunk, say, rather than
  ///   SQLite's I/O error.
  package func read<Result>(_ body: (SQLiteConnection) throws -> Result) throws -> Result {
    try source.unmasking { try body(connection) }
  }
}

/// SQLite's extended codes, whose macros Swift does not see.
private enum IOError {
  static let read = SQLITE_IOERR | 1 << 8
  static let shortRead = SQLITE_IOERR | 2 << 8
  static let status = SQLITE_IOERR | 7 << 8
}

// Written once, before the VFS is registered, and only read from then on.
@safe private nonisolated(unsafe) var fileMethods: UnsafePointer<sqlite3_io_methods>!
@safe private nonisolated(unsafe) var systemVFS: UnsafeMutablePointer<sqlite3_vfs>!

/// What SQLite allocates for each open file: its own part first, then ours.
@safe private struct OpenFile {
  var base: sqlite3_file
  var source: Unmanaged<SnapshotVFS.Source>

  static func source(of file: UnsafeMutablePointer<sqlite3_file>) -> SnapshotVFS.Source {
    unsafe UnsafeMutableRawPointer(file).assumingMemoryBound(to: OpenFile.self).pointee.source
      .takeUnretainedValue()
  }
}

private func makeVFS(over system: UnsafeMutablePointer<sqlite3_vfs>) -> sqlite3_vfs {
  var vfs = unsafe sqlite3_vfs()
  unsafe vfs.iVersion = 2
  // Temporary files are the system VFS's own, in the same memory.
  unsafe vfs.szOsFile = max(Int32(MemoryLayout<OpenFile>.stride), system.pointee.szOsFile)
  unsafe vfs.mxPathname = system.pointee.mxPathname
  let name = Array(SnapshotVFS.name.utf8CString)
  let copy = UnsafeMutablePointer<CChar>.allocate(capacity: name.count)
  unsafe copy.initialize(from: name, count: name.count)
  unsafe vfs.zName = unsafe UnsafePointer(copy)
  unsafe vfs.xOpen = { _, name, file, flags, outFlags in
    guard let file = unsafe file else { return SQLITE_CANTOPEN }
    guard let name = unsafe name, flags & SQLITE_OPEN_MAIN_DB != 0 else {
      return unsafe systemVFS.pointee.xOpen(systemVFS, name, file, flags, outFlags)
    }
    unsafe file.pointee.pMethods = nil
    guard let source = unsafe SnapshotVFS.source(named: name) else { return SQLITE_CANTOPEN }
    unsafe UnsafeMutableRawPointer(file).assumingMemoryBound(to: OpenFile.self).initialize(
      to: OpenFile(base: sqlite3_file(pMethods: fileMethods), source: Unmanaged.passRetained(source)))
    if let outFlags = unsafe outFlags { unsafe outFlags.pointee = SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB }
    return SQLITE_OK
  }
  unsafe vfs.xDelete = { _, name, sync in unsafe systemVFS.pointee.xDelete(systemVFS, name, sync) }
  // No journal, no log: nothing else exists.
  unsafe vfs.xAccess = { _, _, _, result in
    unsafe result?.pointee = 0
    return SQLITE_OK
  }
  unsafe vfs.xFullPathname = { _, name, capacity, result in
    guard let name = unsafe name, let result = unsafe result else { return SQLITE_CANTOPEN }
    for i in 0..<Int(capacity) {
      unsafe result[i] = name[i]
      if unsafe name[i] == 0 { return SQLITE_OK }
    }
    return SQLITE_CANTOPEN
  }
  unsafe vfs.xRandomness = { _, count, bytes in unsafe systemVFS.pointee.xRandomness(systemVFS, count, bytes) }
  unsafe vfs.xSleep = { _, microseconds in unsafe systemVFS.pointee.xSleep(systemVFS, microseconds) }
  unsafe vfs.xCurrentTime = { _, time in unsafe systemVFS.pointee.xCurrentTime(systemVFS, time) }
  unsafe vfs.xGetLastError = { _, _, _ in 0 }
  unsafe vfs.xCurrentTimeInt64 = { _, time in unsafe systemVFS.pointee.xCurrentTimeInt64(systemVFS, time) }
  return unsafe vfs
}

private func makeFileMethods() -> sqlite3_io_methods {
  var methods = sqlite3_io_methods()
  methods.iVersion = 1
  unsafe methods.xClose = { file in
    unsafe UnsafeMutableRawPointer(file!).assumingMemoryBound(to: OpenFile.self).pointee.source.release()
    return SQLITE_OK
  }
  unsafe methods.xRead = { file, bytes, count, offset in
    guard let file = unsafe file, let bytes = unsafe bytes, offset >= 0 else { return IOError.read }
    return unsafe read(
      OpenFile.source(of: file), into: UnsafeMutableRawBufferPointer(start: bytes, count: Int(count)),
      at: UInt64(offset))
  }
  unsafe methods.xWrite = { _, _, _, _ in SQLITE_READONLY }
  unsafe methods.xTruncate = { _, _ in SQLITE_READONLY }
  unsafe methods.xSync = { _, _ in SQLITE_OK }
  unsafe methods.xFileSize = { file, size in
    guard let file = unsafe file else { return IOError.status }
    unsafe size?.pointee = Int64(clamping: OpenFile.source(of: file).file.size)
    return SQLITE_OK
  }
  unsafe methods.xLock = { _, _ in SQLITE_OK }
  unsafe methods.xUnlock = { _, _ in SQLITE_OK }
  unsafe methods.xCheckReservedLock = { _, result in
    unsafe result?.pointee = 0
    return SQLITE_OK
  }
  unsafe methods.xFileControl = { _, _, _ in SQLITE_NOTFOUND }
  unsafe methods.xSectorSize = { _ in 4096 }
  unsafe methods.xDeviceCharacteristics = { _ in SQLITE_IOCAP_IMMUTABLE }
  return methods
}

private func read(
  _ source: SnapshotVFS.Source, into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
) -> Int32 {
  let count: Int
  do { count = unsafe try source.file.read(into: buffer, at: offset) } catch {
    source.failure.withLock { $0 = $0 ?? error }
    return IOError.read
  }
  // The format versions at 18 and 19: no write-ahead log, whatever the file says.
  for place in 18...19 where place >= Int(clamping: offset) && place < Int(clamping: offset) + count {
    let at = place - Int(offset)
    if unsafe buffer[at] == 2 { unsafe buffer[at] = 1 }
  }
  if count == buffer.count { return SQLITE_OK }
  // SQLite requires the rest to be zero.
  for i in count..<buffer.count { unsafe buffer[i] = 0 }
  return IOError.shortRead
}
