import GRDBSQLite
import SystemIO
package import SystemPackage

/// A private copy of a database, in a folder of its own that is removed with it.
package final class ScratchCopy: Sendable {
  private let folder: FilePath
  package let path: FilePath

  private init(in scratch: FilePath) throws(SystemError) {
    folder = scratch.appending("hold-\(String(UInt64.random(in: 0 ... .max), radix: 36))")
    try FileSystem.makeFolder(folder)
    path = folder.appending(ChromaDirectory.databaseName)
  }

  deinit { try? FileSystem.removeTree(folder) }

  /// Copies a database and what a crash left beside it, and lets SQLite recover the copy. The source is only read.
  static func recovering(
    _ file: DatabaseFile, _ sidecar: ChromaDirectory.Sidecar?, of directory: FilePath, in scratch: FilePath
  ) throws(ChromaError) -> ScratchCopy {
    let copy = try onSystem { () throws(SystemError) in
      let copy = try ScratchCopy(in: scratch)
      try copyBytes(of: file.file.descriptor, to: copy.path)
      if let sidecar {
        let source = try Descriptor(opening: directory.appending(sidecar.rawValue))
        try copyBytes(of: source, to: copy.folder.appending(sidecar.rawValue))
      }
      return copy
    }
    try onSQLite(copy.path) { () throws(SQLiteError) in
      let connection = try SQLiteConnection(opening: copy.path, .readWrite)
      // Reading rolls a journal back; closing the last connection folds a log in.
      _ = try connection.integer("PRAGMA schema_version")
    }
    return copy
  }

  /// Copies a database with SQLite's backup, from a connection that is not in a transaction itself.
  static func backingUp(_ source: SQLiteConnection, in scratch: FilePath) throws(ChromaError) -> ScratchCopy {
    let copy = try onSystem { () throws(SystemError) in try ScratchCopy(in: scratch) }
    try onSQLite(copy.path) { () throws(SQLiteError) in
      let target = try SQLiteConnection(opening: copy.path, .create)
      // A copy that does not survive a crash is not needed any more either.
      try target.execute("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF")
      guard let backup = unsafe sqlite3_backup_init(target.handle, "main", source.handle, "main") else {
        throw target.failure(unsafe sqlite3_errcode(target.handle), "backup")
      }
      let stepped = unsafe sqlite3_backup_step(backup, -1)
      let finished = unsafe sqlite3_backup_finish(backup)
      guard stepped == SQLITE_DONE, finished == SQLITE_OK else { throw target.failure(stepped, "backup") }
    }
    return copy
  }

  /// The copy's bytes.
  package func open() throws(ChromaError) -> DescriptorFile {
    try onSystem { () throws(SystemError) in try DescriptorFile(opening: path) }
  }

  private static func copyBytes(of source: borrowing Descriptor, to path: FilePath) throws(SystemError) {
    let target = try Descriptor(opening: path, .write, [.create, .exclusive])
    var buffer = ByteBuffer(capacity: 1 << 20)
    var offset: UInt64 = 0
    while true {
      buffer.count = unsafe try source.read(at: offset, into: buffer.storage)
      if buffer.count == 0 { return }
      unsafe try target.write(buffer.pointer)
      offset += UInt64(buffer.count)
    }
  }
}
