import SnapshotFormat
import Synchronization
package import SystemIO

/// Chunk readers with a buffer each, made when they are needed and used again.
package final class ChunkReaderPool: Sendable {
  // Used by one thread at a time: whoever has taken it out of the pool.
  private final class Slot: @unchecked Sendable {
    var reader: ChunkReader
    var buffer = ByteBuffer(capacity: Limits.chunkBytes)
    init(_ reader: consuming ChunkReader) { self.reader = reader }
  }

  private let idle = Mutex<[Slot]>([])
  private let repository: Repository
  private let index: ChunkIndex

  package init(_ repository: Repository, index: ChunkIndex) {
    self.repository = repository
    self.index = index
  }

  package func withReader<Result>(
    _ body: (inout ChunkReader, inout ByteBuffer) throws(SnapshotError) -> Result
  ) throws(SnapshotError) -> Result {
    let slot = idle.withLock { $0.popLast() } ?? Slot(ChunkReader(repository, index: index))
    defer { idle.withLock { $0.append(slot) } }
    return try body(&slot.reader, &slot.buffer)
  }
}
