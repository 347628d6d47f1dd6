import GRDB
import GRDBSQLite
package import SnapshotFormat

/// Finds stored copies of chunks: one look at the database after the other, of which a long chain of patches takes dozens.
///
/// It steps through the rows by SQLite's own calls: GRDB's rows cost as much again as finding them.
package struct CopyFinder: ~Copyable {
  private let database: Database
  private let statement: Statement

  init(_ database: Database) throws {
    self.database = database
    statement = try database.cachedStatement(
      sql: """
        SELECT p.id, p.created, c.length, c.offset, c.stored, c.codec, c.phase, c.depth, c.base, c.checksum, p.key
        FROM chunk c JOIN pack p ON p.key = c.pack WHERE c.id = ?
        """)
  }

  /// Every stored copy of a chunk, least depth first. O(log chunks).
  package func copies(of id: ChunkID) throws -> [ChunkCopy] {
    let row = unsafe statement.sqliteStatement
    let bytes = id.bytes
    var found: [(copy: ChunkCopy, key: Int64)] = []
    let code = unsafe bytes.withUnsafeBufferPointer { bytes in
      // The statement is reset before the bytes are gone.
      unsafe sqlite3_bind_blob(row, 1, bytes.baseAddress, Int32(bytes.count), nil)
      var code = unsafe sqlite3_step(row)
      while code == SQLITE_ROW {
        if let copy = unsafe Self.copy(of: id, row) { unsafe found.append((copy, sqlite3_column_int64(row, 10))) }
        code = unsafe sqlite3_step(row)
      }
      unsafe sqlite3_reset(row)
      return code
    }
    guard code == SQLITE_DONE else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    if found.count > 1 { found.sort { ($0.copy.entry.depth, $0.key) < ($1.copy.entry.depth, $1.key) } }
    return found.map(\.copy)
  }

  /// - Returns: `nil` where the row makes no sense: the catalogue is no more than a file on some disk.
  private static func copy(of id: ChunkID, _ row: OpaquePointer) -> ChunkCopy? {
    func integer<Integer: FixedWidthInteger>(_ column: Int32) -> Integer {
      unsafe Integer(truncatingIfNeeded: sqlite3_column_int64(row, column))
    }
    func name(_ column: Int32) -> ChunkID? {
      let start = unsafe sqlite3_column_blob(row, column)
      let count = Int(unsafe sqlite3_column_bytes(row, column))
      return unsafe ChunkID(bytes: UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
    }
    guard let pack = name(0), let codec = Codec(rawValue: integer(5)) else { return nil }
    let entry = PackEntry(
      id: id, length: integer(2), offset: integer(3), storedLength: integer(4),
      encoding: Encoding(codec, phase: integer(6)), depth: integer(7), base: name(8), checksum: integer(9))
    return entry.isSensible ? ChunkCopy(pack: pack, packCreated: max(0, integer(1)), entry: entry) : nil
  }

  /// All looks from here on are at the same moment, with the database locked for reading only once.
  package func begin() throws {
    if !database.isInsideTransaction { try database.cachedStatement(sql: "BEGIN DEFERRED TRANSACTION").execute() }
  }

  func end() {
    if database.isInsideTransaction { try? database.commit() }
  }
}
