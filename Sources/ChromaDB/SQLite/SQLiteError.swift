import GRDBSQLite

/// SQLite's refusal: its extended result code, its message, and what was asked of it.
package struct SQLiteError: Error, Hashable, Sendable, CustomStringConvertible {
  /// An extended result code (https://www.sqlite.org/rescode.html).
  package var code: Int32
  package var message: String
  /// The statement or the call.
  package var operation: String

  package init(code: Int32, message: String, operation: String) {
    self.code = code
    self.message = message
    self.operation = operation
  }

  /// The result code without its extension.
  package var primaryCode: Int32 { code & 0xFF }

  /// Somebody else's lock is in the way.
  package var isBusy: Bool { primaryCode == SQLITE_BUSY || primaryCode == SQLITE_LOCKED }

  /// Tables or columns that were asked for are not there, or the format is not known to this SQLite.
  package var isForeign: Bool { primaryCode == SQLITE_ERROR }

  /// The bytes are not a sound database.
  package var isCorruption: Bool { primaryCode == SQLITE_CORRUPT || primaryCode == SQLITE_NOTADB }

  package var description: String { "\(message) (code \(code), \(operation))" }
}
