import SystemIO
import SystemPackage

/// In which condition a database is, which decides how it is held still.
package enum DatabaseCondition: String, Hashable, Sendable {
  /// A rollback journal's mode, and no journal that asks for recovery: the file is held by SQLite's RESERVED lock.
  case rollbackJournal = "rollback_journal"
  /// A write-ahead log, with or without other processes: held by SQLite's write lock, read through its backup.
  case writeAheadLog = "write_ahead_log"
  /// A writer died within a transaction: whoever opens it next would change it.
  case hotJournal = "hot_journal"
  /// A write-ahead log is left over, and no process has the database open: whoever opens it next would fold it in.
  case leftoverLog = "leftover_log"

  /// Looks, without changing anything and without a lock.
  /// - Parameter isUnused: Whether somebody has said that no process has the database open: not all can be looked into.
  static func of(
    _ file: DatabaseFile, _ directory: FilePath, isUnused: Bool
  ) throws(ChromaError) -> DatabaseCondition {
    guard let (_, header) = try file.look() else { throw .noDatabase(file.path) }
    return try onSystem { () throws(SystemError) in
      if try hasHotJournal(file, directory) { return .hotJournal }
      guard header.usesWriteAheadLog else { return .rollbackJournal }
      guard
        let log = try ChromaDirectory.status(directory.appending(ChromaDirectory.Sidecar.writeAheadLog.rawValue)),
        log.size > 0
      else { return .writeAheadLog }
      if isUnused { return .leftoverLog }
      let use = DirectoryUse.of([file.identity, FileIdentity(log)])
      return use.processes.isEmpty && use.hidden == 0 ? .leftoverLog : .writeAheadLog
    }
  }

  /// SQLite's own rule: a journal that begins with something else than zero, and nobody who may write.
  static func hasHotJournal(_ file: DatabaseFile, _ directory: FilePath) throws(SystemError) -> Bool {
    let path = directory.appending(ChromaDirectory.Sidecar.journal.rawValue)
    guard let journal = try ChromaDirectory.status(path), journal.size > 0 else { return false }
    guard try LockBytes.writer(of: LockBytes.reserved, file.file.descriptor) == .nobody else { return false }
    do throws(SystemError) {
      // Nobody locks a journal, so this descriptor may be closed.
      let start = try Descriptor(opening: path).readStart(count: 1)
      // Its writer may have ended between the looks: then the journal is gone by now, or another one.
      let now = try ChromaDirectory.status(path)
      return (start.first ?? 0) != 0 && now.map { FileStamp($0) } == FileStamp(journal)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return false }
      throw error
    }
  }
}
