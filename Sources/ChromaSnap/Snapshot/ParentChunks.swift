import SnapshotFormat

/// What the parent snapshot holds of one segment: where to look for a base.
struct ParentChunks {
  private var starts: [UInt64] = []
  private var chunks: [ChunkList.Child]

  init(_ chunks: [ChunkList.Child], from start: UInt64) {
    self.chunks = chunks
    starts.reserveCapacity(chunks.count)
    var offset = start
    for chunk in chunks {
      starts.append(offset)
      offset += chunk.length
    }
  }

  /// The chunk that begins where this one does, else the one that this one begins in.
  func base(at offset: UInt64, length: Int) -> ChunkID? {
    var (low, high) = (0, starts.count)
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] <= offset { low = middle + 1 } else { high = middle }
    }
    guard low > 0, offset < starts[low - 1] + chunks[low - 1].length else { return nil }
    return chunks[low - 1].id
  }
}
