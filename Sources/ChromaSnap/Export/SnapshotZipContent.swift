import SnapshotFormat
import SnapshotRepository
import SystemIO
import ZipArchive

/// A file of a snapshot as an archive's entry: several threads read it at once, each with a chunk reader of its own.
struct SnapshotZipContent: ZipContent {
  /// What the file is called, for whoever is told that it is damaged.
  private let path: String
  private let table: ChunkTable
  private let readers: ChunkReaderPool

  private static let fate = "can't be exported"

  var length: UInt64 { table.length }

  init(_ content: Content, of path: String, readers: ChunkReaderPool) throws(SnapshotError) {
    self.path = path
    self.readers = readers
    table = try namingDamaged(path, as: Self.fate) { () throws(SnapshotError) in
      try readers.withReader { (reader, _) throws(SnapshotError) in try ChunkTable(content, &reader) }
    }
  }

  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws {
    let end = offset + UInt64(buffer.count)
    var at = table.chunk(at: offset)
    try readers.withReader { (reader, scratch) throws(SnapshotError) in
      while at < table.ids.count, table.starts[at] < end {
        scratch.count = 0
        try namingDamaged(path, as: Self.fate) { () throws(SnapshotError) in
          try reader.read(table.ids[at], into: &scratch)
        }
        let from = max(offset, table.starts[at])
        let to = min(end, table.starts[at] + UInt64(scratch.count))
        guard from < to else {
          throw SnapshotError(.damaged, "a chunk is shorter than its list says", hint: SnapshotError.runCheck)
        }
        unsafe buffer.baseAddress!.advanced(by: Int(from - offset)).copyMemory(
          from: scratch.pointer.baseAddress!.advanced(by: Int(from - table.starts[at])), byteCount: Int(to - from))
        at += 1
      }
    }
  }
}
