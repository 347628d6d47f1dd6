package import SnapshotFormat
import SystemIO

/// A run of a content that one chunk list describes: the unit of parallel reading.
package struct ContentSegment: Hashable, Sendable {
  /// Where in the content it begins, in bytes.
  package var offset: UInt64
  package var length: UInt64
  /// 0: `id` is the one chunk itself. 1: `id` is the chunk that holds the list of chunks.
  package var level: UInt8
  package var id: ChunkID

  package init(offset: UInt64, length: UInt64, level: UInt8, id: ChunkID) {
    self.offset = offset
    self.length = length
    self.level = level
    self.id = id
  }
}

extension ChunkReader {
  /// The segments of a content, in order. Reads the lists above the lowest ones only.
  package mutating func segments(of content: Content) throws(SnapshotError) -> [ContentSegment] {
    guard let root = content.root else { return [] }
    var segments = [
      ContentSegment(offset: 0, length: content.length, level: content.depth, id: root)
    ]
    while let level = segments.first?.level, level > 1 {
      var below: [ContentSegment] = []
      for segment in segments {
        var offset = segment.offset
        for child in try list(segment).children {
          below.append(ContentSegment(offset: offset, length: child.length, level: level - 1, id: child.id))
          offset += child.length
        }
      }
      segments = below
    }
    return segments
  }

  /// The chunks of a segment, in order.
  package mutating func chunks(of segment: ContentSegment) throws(SnapshotError) -> [ChunkList.Child] {
    segment.level == 0 ? [ChunkList.Child(id: segment.id, length: segment.length)] : try list(segment).children
  }

  /// A node of a chunk list.
  package mutating func list(_ node: ContentSegment) throws(SnapshotError) -> ChunkList {
    var buffer = ByteBuffer(capacity: Limits.chunkBytes)
    try read(node.id, into: &buffer)
    do throws(FormatError) {
      return try ChunkList(decoding: buffer.bytes, level: node.level, length: node.length)
    } catch { throw SnapshotError(error, in: "chunk list \(node.id.short)") }
  }

  /// All bytes of a content that is small enough to be held in memory: a tree.
  package mutating func bytes(of content: Content, limit: Int = Limits.treeBytes) throws(SnapshotError) -> [UInt8] {
    guard content.length <= UInt64(limit) else {
      throw SnapshotError(.damaged, "a tree of \(content.length) bytes is past the limit", hint: SnapshotError.runCheck)
    }
    var result: [UInt8] = []
    result.reserveCapacity(Int(content.length))
    var buffer = ByteBuffer(capacity: Limits.chunkBytes)
    for segment in try segments(of: content) {
      for chunk in try chunks(of: segment) {
        buffer.count = 0
        try read(chunk.id, into: &buffer)
        guard UInt64(buffer.count) == chunk.length else {
          throw SnapshotError(
            .damaged, "chunk \(chunk.id.short) is \(buffer.count) bytes long instead of \(chunk.length)",
            hint: SnapshotError.runCheck, chunk: chunk.id)
        }
        unsafe result.append(contentsOf: buffer.pointer)
      }
    }
    return result
  }

  /// The tree that a content holds.
  package mutating func tree(_ content: Content) throws(SnapshotError) -> Tree {
    let bytes = try bytes(of: content)
    return try decoding("tree \(content.root?.short ?? "-")") { () throws(FormatError) in try Tree(decoding: bytes) }
  }
}
