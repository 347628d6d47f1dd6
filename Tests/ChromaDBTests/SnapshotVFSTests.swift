import ChromaDB
import SystemIO
import SystemPackage
import Testing

struct SnapshotVFSTests {
  private func makeDatabase(_ path: FilePath, journal: String) throws {
    let writer = try SQLiteConnection(opening: path, .create)
    _ = try writer.text("PRAGMA journal_mode = \(journal)")
    try writer.execute(
      """
      CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
      INSERT INTO t SELECT i, hex(i * 7919 % 20011) FROM n;
      """)
  }

  @Test(arguments: ["delete", "wal"])
  func `A database that exists only in memory is queried`(journal: String) throws {
    let scratch = try ScratchFolder()
    let path = scratch.path.appending("a.db")
    try makeDatabase(path, journal: journal)
    let bytes = try content(of: path)
    #expect(bytes[18] == (journal == "wal" ? 2 : 1))
    let database = try SnapshotVFS.open(MemoryFile(bytes))
    try database.read { connection in
      #expect(try connection.integer("SELECT count(*) FROM t") == 20000)
      #expect(try connection.text("PRAGMA integrity_check") == "ok")
      // A sort that spills to a temporary file.
      try connection.execute("PRAGMA cache_size = 10")
      #expect(try connection.integer("SELECT count(*) FROM (SELECT DISTINCT b || a FROM t ORDER BY 1)") == 20000)
      #expect(throws: SQLiteError.self) { try connection.execute("DELETE FROM t") }
    }
  }

  private struct Unreadable: Error {}
  private struct BrokenFile: RandomAccessFile {
    let inner: MemoryFile
    let from: UInt64
    var size: UInt64 { inner.size }
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
      if offset >= from { throw Unreadable() }
      return unsafe try inner.read(into: buffer, at: offset)
    }
  }

  @Test func `A read that fails is told apart from a damaged database`() throws {
    let scratch = try ScratchFolder()
    let path = scratch.path.appending("a.db")
    try makeDatabase(path, journal: "delete")
    let memory = MemoryFile(try content(of: path))
    let database = try SnapshotVFS.open(BrokenFile(inner: memory, from: 40960))
    #expect(throws: Unreadable.self) { try database.read { try $0.integer("SELECT sum(length(b)) FROM t") } }
    #expect(throws: Unreadable.self) { try SnapshotVFS.open(BrokenFile(inner: memory, from: 0)) }
  }
}
