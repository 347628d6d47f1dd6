import GRDBSQLite

/// A prepared statement and its current row; finalised with its owner.
@safe package struct SQLiteStatement: ~Copyable {
  private let connection: SQLiteConnection
  private let handle: OpaquePointer?

  init(_ connection: SQLiteConnection, _ sql: String) throws(SQLiteError) {
    var prepared: OpaquePointer?
    let code = unsafe sqlite3_prepare_v2(connection.handle, sql, -1, &prepared, nil)
    guard code == SQLITE_OK else { throw connection.failure(code, sql) }
    self.connection = connection
    unsafe handle = prepared
  }

  deinit { unsafe _ = sqlite3_finalize(handle) }

  /// Goes to the next row. Returns whether there is one.
  package mutating func step() throws(SQLiteError) -> Bool {
    let code = unsafe sqlite3_step(handle)
    switch code {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default: throw connection.failure(code, unsafe String(cString: sqlite3_sql(handle)))
    }
  }

  /// Gives a value to the parameter at `index`, counted from 1.
  package mutating func bind(_ value: String, at index: Int32) throws(SQLiteError) {
    // SQLITE_TRANSIENT: SQLite copies the text.
    let code = unsafe sqlite3_bind_text(handle, index, value, -1, unsafeBitCast(-1, to: sqlite3_destructor_type.self))
    if code != SQLITE_OK { throw connection.failure(code, "bind") }
  }

  package mutating func bind(_ value: Int64, at index: Int32) throws(SQLiteError) {
    let code = unsafe sqlite3_bind_int64(handle, index, value)
    if code != SQLITE_OK { throw connection.failure(code, "bind") }
  }

  /// Columns are counted from 0.
  package borrowing func isNull(_ column: Int32) -> Bool {
    unsafe sqlite3_column_type(handle, column) == SQLITE_NULL
  }

  package borrowing func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

  package borrowing func text(_ column: Int32) -> String? {
    unsafe sqlite3_column_text(handle, column).map { unsafe String(cString: $0) }
  }

  /// Calls `body` with the bytes of a text or BLOB, which live until the next step.
  package borrowing func withBytes<Result>(_ column: Int32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    let start = unsafe sqlite3_column_blob(handle, column)
    let count = Int(unsafe sqlite3_column_bytes(handle, column))
    return unsafe body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
  }

  /// A sequence number: an integer since 1.x, a big-endian BLOB before; `nil` for NULL.
  package borrowing func sequenceNumber(_ column: Int32) -> Int64? {
    switch unsafe sqlite3_column_type(handle, column) {
    case SQLITE_NULL: nil
    case SQLITE_BLOB:
      unsafe withBytes(column) { bytes in
        unsafe bytes.suffix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
      }
    default: integer(column)
    }
  }
}
