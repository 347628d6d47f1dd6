import GRDBSQLite
import SystemIO
package import SystemPackage

/// A connection to a SQLite database over the C API, closed when the last reference goes.
///
/// The C API, not GRDB: the connections here need a VFS of their own, the state of their transaction and columns
/// without copies, and must do nothing on their own account between opening and locking. SQLite's own mutex guards
/// each call (`SQLITE_OPEN_FULLMUTEX`), so that a watchdog may end a transaction from another thread; statements are
/// used by one thread.
@safe package final class SQLiteConnection: @unchecked Sendable {
  package enum Mode: Sendable { case readOnly, readWrite, create }

  /// For calls that are not wrapped here.
  package let handle: OpaquePointer

  /// Opens a file.
  package convenience init(opening path: FilePath, _ mode: Mode) throws(SQLiteError) {
    try self.init(path.bytes, called: path.string, mode, vfs: nil)
  }

  /// Opens what `vfs` knows by a name.
  convenience init(opening name: String, _ mode: Mode, vfs: String) throws(SQLiteError) {
    try self.init(Array(name.utf8), called: name, mode, vfs: vfs)
  }

  private init(_ bytes: [UInt8], called name: String, _ mode: Mode, vfs: String?) throws(SQLiteError) {
    let flags =
      switch mode {
      case .readOnly: SQLITE_OPEN_READONLY
      case .readWrite: SQLITE_OPEN_READWRITE
      case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
      }
    var opened: OpaquePointer?
    let code = unsafe withCString(bytes) { name in
      unsafe sqlite3_open_v2(name, &opened, flags | SQLITE_OPEN_FULLMUTEX, vfs)
    }
    guard code == SQLITE_OK, let opened = unsafe opened else {
      let message = unsafe String(cString: sqlite3_errmsg(opened))
      unsafe _ = sqlite3_close(opened)
      throw SQLiteError(code: code, message: message, operation: "open \(name)")
    }
    unsafe handle = opened
    unsafe _ = sqlite3_extended_result_codes(opened, 1)
  }

  deinit { unsafe _ = sqlite3_close_v2(handle) }

  package func failure(_ code: Int32, _ operation: String) -> SQLiteError {
    unsafe SQLiteError(code: code, message: String(cString: sqlite3_errmsg(handle)), operation: operation)
  }

  /// Runs statements that give no rows.
  package func execute(_ sql: String) throws(SQLiteError) {
    let code = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
    if code != SQLITE_OK { throw failure(code, sql) }
  }

  /// Prepares one statement.
  package func prepare(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
    try SQLiteStatement(self, sql)
  }

  /// The first column of the first row, as text; `nil` where there is no row or it is NULL.
  package func text(_ sql: String) throws(SQLiteError) -> String? {
    var statement = try prepare(sql)
    return try statement.step() ? statement.text(0) : nil
  }

  /// The first column of the first row, as a number; `nil` where there is no row or it is NULL.
  package func integer(_ sql: String) throws(SQLiteError) -> Int64? {
    var statement = try prepare(sql)
    return try statement.step() && !statement.isNull(0) ? statement.integer(0) : nil
  }

  /// The names of the columns of a table; none where there is no such table.
  package func columns(of table: String) throws(SQLiteError) -> Set<String> {
    var statement = try prepare("SELECT name FROM pragma_table_info(?)")
    try statement.bind(table, at: 1)
    var names: Set<String> = []
    while try statement.step() { names.insert(statement.text(0) ?? "") }
    return names
  }

  package func hasTable(_ name: String) throws(SQLiteError) -> Bool { try !columns(of: name).isEmpty }
}
