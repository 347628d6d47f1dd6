import Synchronization
import SystemIO

/// What was written.
package struct ZipSummary: Hashable, Sendable {
  package var entries: Int
  /// Of the archive.
  package var bytes: UInt64
}

/// Writes a ZIP archive to a sink, front to back, on several threads, in bounded memory.
///
/// Entries gather until a batch is full (4 MiB of content per worker). Workers then read it, compress it in blocks of 128 KiB
/// (`BlockCompressor`), and write it in order. The same entries and contents make the same bytes, however many workers
/// there are: everything that is decided is decided by the content alone.
///
/// Entries of up to 4 MiB are stored where compression does not make them smaller; larger ones are always deflated, in
/// blocks that stay as they are where there is nothing to gain. At level 0 everything is stored.
///
/// Memory: twice the batch, 1 MiB, the compressors', and some 100 bytes per entry for the central directory.
package struct ZipWriter<Sink: ByteSink & ~Copyable>: ~Copyable {
  private let pipeline: ZipPipeline<Sink>
  private var batch: ZipBatch
  private var names = ZipNames()
  private let level: Int
  private let workers: Int

  /// - Parameters:
  ///   - sink: Whoever wants to fsync a file afterwards hands over a duplicate of its descriptor.
  ///   - level: 0 (stored) to 9, as in zlib.
  package init(to sink: consuming Sink, level: Int = 6, workers: Int = Platform.processorCount) {
    self.level = min(max(level, 0), 9)
    self.workers = max(1, workers)
    pipeline = ZipPipeline(sink, level: self.level)
    batch = ZipBatch(capacity: min(max(self.workers, 2), 16) * ZipBatch.wholeBytes)
  }

  /// Adds an entry. It may be read and written later: at the latest in `finish`.
  ///
  /// Throws for a name that `ZipReader` would refuse (unsafe, or there already), and whatever became of entries added
  /// before; after that the archive is of no use.
  ///
  /// - Parameter content: Of a symbolic link its target; of a directory nothing.
  package mutating func add(_ entry: ZipEntry, content: any ZipContent = ZipBytes.empty) throws(ZipError) {
    guard try ZipName.checked(entry.name) == entry.name, !entry.name.isEmpty else {
      throw ZipError(.unsafeName, "an entry's name is not in its one form", entry: entry.nameText)
    }
    guard entry.kind != .directory || content.length == 0 else {
      throw ZipError(.contentUnreadable, "a directory has no content", entry: entry.nameText)
    }
    try names.insert(entry.name, isFolder: entry.kind == .directory)
    let length = content.length
    let isWhole = length <= UInt64(ZipBatch.wholeBytes)
    let checksum = level == 0 && !isWhole ? try checksum(of: content, entry) : nil
    var offset: UInt64 = 0
    while true {
      if let count = batch.room(for: length - offset, whole: isWhole) {
        batch.add(entry, content, offset: offset, count: count, checksum: checksum)
        offset += UInt64(count)
        if offset == length { return }
      }
      try work()
    }
  }

  /// Writes what is left, and the central directory. The sink is given up afterwards.
  package consuming func finish() throws(ZipError) -> ZipSummary {
    try work()
    return try pipeline.finish()
  }

  private mutating func work() throws(ZipError) {
    guard !batch.isEmpty else { return }
    try pipeline.read(batch, workers: workers)
    try pipeline.compressAndWrite(batch, workers: workers)
    batch.clear()
  }

  /// The checksum of a content that is stored without being held in memory: the local header has it.
  private func checksum(of content: any ZipContent, _ entry: ZipEntry) throws(ZipError) -> UInt32 {
    let count = Int((content.length + UInt64(ZipBatch.pieceBytes) - 1) / UInt64(ZipBatch.pieceBytes))
    let checksums = Mutex([UInt32](repeating: 0, count: count))
    @Sendable func length(_ piece: Int) -> Int {
      Int(min(content.length - UInt64(piece * ZipBatch.pieceBytes), UInt64(ZipBatch.pieceBytes)))
    }
    try parallelLoop(items: count, workers: workers) { next throws(ZipError) in
      let buffer = ByteBuffer(capacity: ZipBatch.pieceBytes)
      while let piece = next() {
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer.storage[..<length(piece)])
        try reading(entry) { unsafe try content.read(at: UInt64(piece * ZipBatch.pieceBytes), into: room) }
        let checksum = unsafe Checksum.crc32(UnsafeRawBufferPointer(room))
        checksums.withLock { $0[piece] = checksum }
      }
    }
    return checksums.withLock { $0 }.enumerated().reduce(0) {
      Checksum.joined($0, $1.element, count: length($1.offset))
    }
  }
}
