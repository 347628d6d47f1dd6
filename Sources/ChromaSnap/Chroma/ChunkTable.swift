import SnapshotFormat
import SnapshotRepository

/// Where each chunk of a content begins: for reading at any place.
struct ChunkTable: Sendable {
  let length: UInt64
  private(set) var starts: [UInt64] = []
  private(set) var ids: [ChunkID] = []

  /// Reads all chunk lists of the content.
  init(_ content: Content, _ reader: inout ChunkReader) throws(SnapshotError) {
    length = content.length
    var offset: UInt64 = 0
    for segment in try reader.segments(of: content) {
      for chunk in try reader.chunks(of: segment) {
        starts.append(offset)
        ids.append(chunk.id)
        offset += chunk.length
      }
    }
  }

  /// The chunk that holds an offset, which lies within the length. O(log chunks).
  func chunk(at offset: UInt64) -> Int { starts.lastIndex(notAfter: offset) }
}
