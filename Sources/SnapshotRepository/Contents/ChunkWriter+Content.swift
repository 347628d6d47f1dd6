package import SnapshotFormat
import SystemIO

extension ChunkWriter {
  /// Stores the chunk list of one segment, unless the segment is one chunk, which needs none.
  /// - Parameters:
  ///   - chunks: At least one, in order.
  ///   - like: What the parent snapshot has at the same place.
  /// - Returns: The segment as a child of the content's root, and its level.
  package mutating func storeSegment(
    _ chunks: [ChunkList.Child], like: ChunkID?
  ) throws(SnapshotError) -> ContentSegment {
    let length = chunks.reduce(0) { $0 + $1.length }
    guard chunks.count > 1 else { return ContentSegment(offset: 0, length: length, level: 0, id: chunks[0].id) }
    let id = try storeList(ChunkList(level: 1, children: chunks), like: like)
    return ContentSegment(offset: 0, length: length, level: 1, id: id)
  }

  /// Joins segments, in order, to a content.
  package mutating func storeContent(
    of segments: [ContentSegment], like parent: Content? = nil
  ) throws(SnapshotError) -> Content {
    guard let first = segments.first else { return .empty }
    let length = segments.reduce(0) { $0 + $1.length }
    if segments.count == 1 { return Content(length: length, depth: first.level, root: first.id) }
    var nodes: [ChunkList.Child] = []
    for segment in segments {
      // A node's children are all of one level, so a segment of one chunk gets a list like the others.
      let id =
        segment.level == 1
        ? segment.id
        : try storeList(
          ChunkList(level: 1, children: [ChunkList.Child(id: segment.id, length: segment.length)]), like: nil)
      nodes.append(ChunkList.Child(id: id, length: segment.length))
    }
    var level: UInt8 = 1
    while nodes.count > 1 {
      level += 1
      guard level <= Limits.listDepth else {
        throw SnapshotError(.unsupported, "a file of \(length) bytes is too long for this format")
      }
      let like = parent?.depth == level ? parent?.root : nil
      var above: [ChunkList.Child] = []
      for start in stride(from: 0, to: nodes.count, by: Limits.listEntries) {
        let list = ChunkList(level: level, children: Array(nodes[start..<min(nodes.count, start + Limits.listEntries)]))
        above.append(ChunkList.Child(id: try storeList(list, like: like), length: list.length))
      }
      nodes = above
    }
    return Content(length: length, depth: level, root: nodes[0].id)
  }

  /// Stores bytes that are held in memory as metadata, cut where the content says so.
  package mutating func storeBytes(
    _ bytes: [UInt8], chunker: GearChunker, like parents: [ChunkID]
  ) throws(SnapshotError) -> Content {
    var chunks: [ChunkList.Child] = []
    var start = 0
    while start < bytes.count {
      let rest = bytes.rawSpan.extracting(start...)
      let length = chunker.cut(rest)
      let chunk = rest.extracting(first: length)
      let id = ChunkID(of: chunk)
      try store(
        chunk, id: id, kind: .metadata, like: parents.indices.contains(chunks.count) ? Base(parents[chunks.count]) : nil
      )
      chunks.append(ChunkList.Child(id: id, length: UInt64(length)))
      start += length
    }
    guard !chunks.isEmpty else { return .empty }
    var segments: [ContentSegment] = []
    for start in stride(from: 0, to: chunks.count, by: Limits.listEntries) {
      segments.append(
        try storeSegment(Array(chunks[start..<min(chunks.count, start + Limits.listEntries)]), like: nil))
    }
    return try storeContent(of: segments)
  }

  private mutating func storeList(_ list: ChunkList, like: ChunkID?) throws(SnapshotError) -> ChunkID {
    let bytes = list.encoded
    let id = ChunkID(of: bytes)
    try store(bytes.rawSpan, id: id, kind: .metadata, like: like.map { Base($0) })
    return id
  }

  /// The chunk reader that this writer decodes bases with: for reading what the parent snapshot holds.
  package mutating func reading<Result>(
    _ body: (inout ChunkReader) throws(SnapshotError) -> Result
  ) throws(SnapshotError) -> Result {
    try body(&reader)
  }
}
