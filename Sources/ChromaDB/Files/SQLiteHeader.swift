/// What the first 100 bytes of a SQLite database tell (https://www.sqlite.org/fileformat2.html#the_database_header).
package struct SQLiteHeader: Hashable, Sendable {
  /// Bytes: a power of two from 512 to 65,536.
  package var pageSize: Int
  /// Bytes 18 and 19: 1 for a rollback journal, 2 for a write-ahead log.
  package var writeVersion: UInt8
  package var readVersion: UInt8
  /// Bytes 24 to 27: every transaction changes it, except in a write-ahead log's database.
  package var changeCounter: UInt32
  /// Pages that the header claims.
  package var pageCount: UInt32

  package static let byteCount = 100
  /// "SQLite format 3" and a zero.
  package static let magic: [UInt8] = Array("SQLite format 3\0".utf8)

  /// - Returns: `nil` where the bytes do not begin a SQLite database.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.byteCount, bytes.starts(with: Self.magic) else { return nil }
    func big(_ at: Int) -> UInt32 { bytes[at..<at + 4].reduce(0) { $0 << 8 | UInt32($1) } }
    let size = Int(bytes[16]) << 8 | Int(bytes[17])
    pageSize = size == 1 ? 65_536 : size
    guard pageSize >= 512, pageSize & (pageSize - 1) == 0 else { return nil }
    writeVersion = bytes[18]
    readVersion = bytes[19]
    changeCounter = big(24)
    pageCount = big(28)
  }

  package var usesWriteAheadLog: Bool { writeVersion == 2 || readVersion == 2 }
}
