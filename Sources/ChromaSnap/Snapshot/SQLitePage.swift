import ChromaDB
import SnapshotFormat
import SystemIO
import SystemPackage

/// The first page of an SQLite database: its first bytes tell what the file is, its change counter whether it was written.
/// Source: https://www.sqlite.org/fileformat2.html, section 1.3.
enum SQLitePage {
  /// Bytes that are looked at: the header and what follows it in the smallest common page.
  static let bytes = 4096

  /// A hash of a database's first page; 0 for anything that is no database.
  static func fingerprint(_ page: RawSpan) -> UInt64 {
    let magic = SQLiteHeader.magic
    guard page.byteCount >= 100, equal(page.extracting(first: magic.count), magic.rawSpan) else { return 0 }
    return ChunkID(of: page).bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } | 1
  }

  /// The same of a file that somebody holds open.
  static func fingerprint(of file: any FileBytes) -> UInt64 {
    var page = ByteBuffer(capacity: bytes)
    page.count = (unsafe try? file.read(at: 0, into: page.storage)) ?? 0
    return fingerprint(page.bytes)
  }

  /// The same of a file; 0 where it is none, or can't be read.
  static func fingerprint(of path: FilePath) -> UInt64 {
    do throws(SystemError) {
      let file = try Descriptor(opening: path, .read, [.noFollow, .nonBlocking])
      guard try file.status().kind == .file else { return 0 }
      var page = ByteBuffer(capacity: bytes)
      page.count = unsafe try file.read(at: 0, into: page.storage)
      return fingerprint(page.bytes)
    } catch { return 0 }
  }
}
