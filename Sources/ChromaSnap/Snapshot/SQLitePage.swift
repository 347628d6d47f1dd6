import SnapshotFormat
import SystemIO
import SystemPackage

/// The first page of an SQLite database: its first bytes tell what the file is, its change counter whether it was written.
/// Source: https://www.sqlite.org/fileformat2.html, section 1.3.
enum SQLitePage {
  /// Bytes that are looked at: the header and what follows it in the smallest common page.
  static let bytes = 4096

  private static let magic = Array("SQLite format 3\0".utf8)

  /// A hash of a database's first page; 0 for anything that is no database.
  static func fingerprint(_ page: RawSpan) -> UInt64 {
    guard page.byteCount >= 100, equal(page.extracting(first: magic.count), magic.rawSpan) else { return 0 }
    return ChunkID(of: page).bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } | 1
  }

  /// The same of a file that somebody holds open.
  static func fingerprint(of file: any FileBytes) -> UInt64 {
    var page = ByteBuffer(capacity: bytes)
    page.count = (unsafe try? file.read(at: 0, into: page.storage)) ?? 0
    return fingerprint(page.bytes)
  }

  /// The same of a file; 0 where it can't be read.
  static func fingerprint(of path: FilePath) -> UInt64 {
    do throws(SystemError) {
      let file = try Descriptor(opening: path, .read, [.noFollow, .nonBlocking])
      var page = ByteBuffer(capacity: bytes)
      page.count = unsafe try file.read(at: 0, into: page.storage)
      return fingerprint(page.bytes)
    } catch { return 0 }
  }
}

/// The header of an HNSW index as Chroma's hnswlib writes it: whether a folder is one.
enum IndexHeader {
  static let name = Array("header.bin".utf8)
  /// The files that are rewritten in place.
  static let files: Set<[UInt8]> = Set(
    ["header.bin", "data_level0.bin", "length.bin", "link_lists.bin"].map { Array($0.utf8) })

  /// Whether there is a valid header: 100 bytes, version 1, and lengths that fit each other.
  static func isValid(at path: FilePath) -> Bool {
    guard let bytes = try? Descriptor(opening: path, .read, [.noFollow, .nonBlocking]).readAll(limit: 4096),
      bytes.count == 100
    else { return false }
    func integer(_ offset: Int, _ width: Int) -> UInt64 {
      bytes[offset..<offset + width].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    let (stride, labelOffset, dataOffset, m) = (integer(28, 8), integer(36, 8), integer(44, 8), integer(76, 8))
    return integer(0, 4) == 1 && m > 0 && m < 1 << 16 && stride < 1 << 32 && labelOffset &+ 8 == stride
      && dataOffset < labelOffset && integer(12, 8) >= integer(20, 8)
  }
}
