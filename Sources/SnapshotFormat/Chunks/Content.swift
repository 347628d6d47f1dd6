/// Where a run of bytes of any length is found: a file's bytes, or a serialised tree.
///
/// Depth 0: the root is a chunk that holds the bytes. Depth d > 0: the root is a chunk that holds a ``ChunkList`` of
/// contents of depth d - 1. Empty content has no chunk.
public struct Content: Hashable, Sendable {
  /// Bytes of plaintext in all.
  public let length: UInt64
  public let depth: UInt8
  /// `nil` exactly where the length is 0.
  public let root: ChunkID?

  package init(length: UInt64, depth: UInt8, root: ChunkID?) {
    self.length = length
    self.depth = depth
    self.root = root
  }

  public static let empty = Content(length: 0, depth: 0, root: nil)

  package func append(to writer: inout ByteWriter) {
    writer.append(length)
    guard let root else { return }
    writer.append(depth)
    writer.append(root)
  }

  package init(from reader: inout ByteReader) throws(FormatError) {
    length = try reader.integer()
    if length == 0 {
      depth = 0
      root = nil
    } else {
      depth = try reader.integer()
      root = try reader.id()
      guard depth <= Limits.listDepth, depth > 0 || length <= UInt64(Limits.chunkBytes) else {
        throw FormatError(.inconsistent, "a content of \(length) bytes cannot have depth \(depth)")
      }
    }
  }
}

extension Content: Codable {
  enum CodingKeys: String, CodingKey { case length, depth, root }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    length = try container.decode(UInt64.self, forKey: .length)
    depth = try container.decode(UInt8.self, forKey: .depth)
    root = try container.decodeIfPresent(ChunkID.self, forKey: .root)
    guard (root == nil) == (length == 0), depth <= Limits.listDepth,
      length == 0 ? depth == 0 : depth > 0 || length <= UInt64(Limits.chunkBytes)
    else {
      throw FormatError(.inconsistent, "a content's length, depth and root contradict each other")
    }
  }
}

/// One node of a content's chunk list: what its children are and how long each is.
///
/// Bytes, little-endian: `CSLS`, u8 version 1, u8 level, u16 0, u32 count, then count times {id 32, u64 length}. A
/// child of a node of level 1 is a chunk of the content; of a higher level, a node of the level below.
package struct ChunkList: Equatable, Sendable {
  package struct Child: Hashable, Sendable {
    package var id: ChunkID
    package var length: UInt64

    package init(id: ChunkID, length: UInt64) {
      self.id = id
      self.length = length
    }
  }

  package var level: UInt8
  package var children: [Child]

  package init(level: UInt8, children: [Child]) {
    self.level = level
    self.children = children
  }

  /// How many bytes of content the node stands for.
  package var length: UInt64 { children.reduce(0) { $0 + $1.length } }

  package var encoded: [UInt8] {
    var writer = ByteWriter(reserving: 12 + 40 * children.count)
    writer.append(magic: "CSLS")
    writer.append(UInt8(1))
    writer.append(level)
    writer.append(UInt16(0))
    writer.append(UInt32(children.count))
    for child in children {
      writer.append(child.id)
      writer.append(child.length)
    }
    return writer.bytes
  }

  /// - Parameters:
  ///   - level: The level that the parent promised.
  ///   - length: The length that the parent promised.
  package init(decoding bytes: RawSpan, level expected: UInt8, length: UInt64) throws(FormatError) {
    var reader = ByteReader(bytes, subject: "chunk list")
    try reader.expect(magic: "CSLS")
    guard try reader.integer(UInt8.self) == 1 else {
      throw FormatError(.unsupported, "a chunk list of a version that this program does not know")
    }
    level = try reader.integer()
    let zero = try reader.integer(UInt16.self)
    let count = Int(try reader.integer(UInt32.self))
    guard level == expected, level > 0, zero == 0, count > 0, count <= Limits.listEntries else {
      throw FormatError(.inconsistent, "a chunk list's head makes no sense")
    }
    children = []
    children.reserveCapacity(count)
    var total: UInt64 = 0
    for _ in 0..<count {
      let child = Child(id: try reader.id(), length: try reader.integer())
      let (sum, overflow) = total.addingReportingOverflow(child.length)
      guard !overflow, child.length > 0, level > 1 || child.length <= UInt64(Limits.chunkBytes) else {
        throw FormatError(.inconsistent, "a chunk list holds an impossible length")
      }
      total = sum
      children.append(child)
    }
    try reader.expectEnd()
    guard total == length else {
      throw FormatError(.inconsistent, "a chunk list adds up to \(total) bytes instead of \(length)")
    }
  }
}
