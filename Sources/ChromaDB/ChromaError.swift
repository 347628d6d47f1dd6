import GRDBSQLite
package import SystemIO
package import SystemPackage

/// What went wrong with a Chroma directory: a code to act on, a message that says what to do next, the path and the cause.
package struct ChromaError: Error, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// The operating system refused a call.
    case system
    /// SQLite refused a call.
    case sqlite
    /// Others kept the database's write lock for longer than the time to wait.
    case busy
    /// The caller asked to end while it waited.
    case cancelled
    /// The database may not be written to, so it can't be locked either.
    case needsWritePermission = "needs_write_permission"
    /// The lock did not stand until the end: what was read under it may be torn.
    case lockLost = "lock_lost"
    /// The hold outlasted its limit and was given back by the watchdog.
    case holdExpired = "hold_expired"
    /// The same of a copy that is made after a crash.
    case recoveryExpired = "recovery_expired"
    /// This very process has the database open, and closing a descriptor would drop its locks.
    case openInThisProcess = "open_in_this_process"
    /// A process has the directory open that must be closed.
    case inUse = "in_use"
    /// The directory or its database went away meanwhile.
    case vanished
    /// Files changed that nobody should have changed meanwhile.
    case unstable
  }

  package var code: Code
  package var message: String
  package var path: FilePath?
  package var cause: (any Error)?

  package init(_ code: Code, _ message: String, path: FilePath? = nil, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.path = path
    self.cause = cause
  }

  package init(_ error: SystemError) {
    self.init(
      error.errno == .noSuchFileOrDirectory ? .vanished : .system, "\(error)", path: error.path, cause: error)
  }

  package init(_ error: SQLiteError, path: FilePath? = nil) {
    self.init(error.isBusy ? .busy : .sqlite, "SQLite: \(error)", path: path, cause: error)
  }

  /// The file has no header that SQLite would take.
  static func noDatabase(_ path: FilePath) -> ChromaError {
    let error = SQLiteError(code: SQLITE_NOTADB, message: "chroma.sqlite3 is not a SQLite database", operation: "open")
    return ChromaError(error, path: path)
  }

  package var description: String {
    guard let path, !message.contains(path.string) else { return message }
    return "\(path): \(message)"
  }
}

/// Calls what reports the operating system's errors and turns them into errors of this module.
func onSystem<Result: ~Copyable>(_ body: () throws(SystemError) -> Result) throws(ChromaError) -> Result {
  do throws(SystemError) { return try body() } catch { throw ChromaError(error) }
}

/// Calls what reports SQLite's errors and turns them into errors of this module.
func onSQLite<Result: ~Copyable>(
  _ path: FilePath? = nil, _ body: () throws(SQLiteError) -> Result
) throws(ChromaError) -> Result {
  do throws(SQLiteError) { return try body() } catch { throw ChromaError(error, path: path) }
}
