package import SnapshotFormat
import SystemIO

/// Reads a list of chunks in order, several at a time, and hands them out one by one: one worker's reader and buffers.
package struct ChunkSequence: ~Copyable {
  private let index: ChunkIndex
  private var reader: ChunkReader
  private var buffers = ByteBuffers(ChunkID.hashedAtOnce, capacity: Limits.chunkBytes)
  private var ids: [ChunkID] = []
  private var chains: [ChunkChain?] = []
  /// The places of the chunks that the buffers hold, and of the next one to take.
  private var held = 0..<0
  private var next = 0

  package init(_ repository: Repository, index: ChunkIndex) {
    self.index = index
    reader = ChunkReader(repository, index: index)
  }

  /// The number of the buffer that holds the chunk that was read last.
  private var current: Int { next - 1 - held.lowerBound }

  /// The bytes of the chunk that was read last.
  package var bytes: UnsafeRawBufferPointer { unsafe buffers[current].pointer }

  /// Whether the bytes of the chunk that was read last are all zero.
  package var isZero: Bool { buffers[current].bytes.isZero }

  /// The chunks of a segment, in order.
  package mutating func chunks(of segment: ContentSegment) throws(SnapshotError) -> [ChunkList.Child] {
    try reader.chunks(of: segment)
  }

  /// Says which chunks are wanted next.
  package mutating func begin(_ ids: [ChunkID]) throws(SnapshotError) {
    chains = try index.chains(of: ids)
    self.ids = ids
    (held, next) = (0..<0, 0)
  }

  /// Reads the next chunk of the list, and proves it by its id.
  package mutating func readNext(length: UInt64) throws(SnapshotError) {
    let id = ids[next]
    if !held.contains(next) {
      held = next..<next + reader.read(ids[next...], chains, into: &buffers)
      if held.isEmpty {
        buffers[0].count = 0
        try reader.read(id, chain: chains[next], into: &buffers[0])
        held = next..<next + 1
      }
    }
    next += 1
    let count = buffers[current].count
    guard UInt64(count) == length else {
      throw SnapshotError(
        .damaged, "chunk \(id.short) is \(count) bytes long instead of \(length)",
        hint: SnapshotError.runCheck, chunk: id)
    }
  }
}
