import GRDB
import GRDBSQLite
import SnapshotFormat

/// Adds the chunks of a pack, of which there are thousands: by SQLite's own calls, as GRDB's arguments cost more than the
/// rows.
struct CopyAdder: ~Copyable {
  private let statement: Statement

  init(_ database: Database) throws {
    statement = try database.cachedStatement(
      sql: """
        INSERT OR IGNORE INTO chunk (id, pack, offset, stored, length, codec, phase, depth, base, checksum)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
  }

  /// Nothing happens where this copy is known. O(log chunks).
  func add(_ entry: PackEntry, pack key: Int64) throws {
    let row = unsafe statement.sqliteStatement
    let integers: [(Int32, Int64)] = [
      (2, key), (3, Int64(entry.offset)), (4, Int64(entry.storedLength)), (5, Int64(entry.length)),
      (6, Int64(entry.encoding.codec.rawValue)), (7, Int64(entry.encoding.phase)), (8, Int64(entry.depth)),
      (10, Int64(entry.checksum)),
    ]
    for (column, value) in integers { unsafe sqlite3_bind_int64(row, column, value) }
    let (id, base) = (entry.id.bytes, entry.base?.bytes ?? [])
    let code = unsafe id.withUnsafeBufferPointer { id in
      unsafe base.withUnsafeBufferPointer { base in
        // The statement is reset before the bytes are gone.
        unsafe sqlite3_bind_blob(row, 1, id.baseAddress, Int32(id.count), nil)
        if base.isEmpty {
          unsafe sqlite3_bind_null(row, 9)
        } else {
          unsafe sqlite3_bind_blob(row, 9, base.baseAddress, Int32(base.count), nil)
        }
        defer { unsafe sqlite3_reset(row) }
        return unsafe sqlite3_step(row)
      }
    }
    guard code == SQLITE_DONE else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
  }
}
