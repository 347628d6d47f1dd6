/// The hard limits of format version 1: a writer keeps them, a reader refuses what exceeds them before it allocates.
package enum Limits {
  /// The longest plaintext of a chunk, in bytes.
  package static let chunkBytes = 1 << 20
  /// The longest stored form of a chunk: incompressible plaintext is stored raw, so a little slack is plenty.
  package static let storedChunkBytes = chunkBytes + 4096
  /// A patch is decoded through at most this many others.
  package static let patchDepth = 32
  /// The most chunks in one pack.
  package static let packEntries = 16_384
  /// The longest plaintext of a pack's table of contents, in bytes.
  package static let tableBytes = 4 << 20
  /// The longest stored form of a table: one that can't be compressed gets a little longer.
  package static let storedTableBytes = tableBytes + 65_536
  /// The longest pack: stored offsets are 32 bits.
  package static let packBytes = Int(UInt32.max)
  /// The most entries of one chunk list node.
  package static let listEntries = 16_384
  /// The deepest list of lists.
  package static let listDepth = 4
  /// The longest name in a tree, and the longest target of a symbolic link.
  package static let nameBytes = 4096
  /// The longest value of an extended attribute.
  package static let attributeBytes = 1 << 20
  /// The longest tree: of a directory with some ten million entries.
  package static let treeBytes = 1 << 30
  /// The longest JSON document: manifest, note, audit entry.
  package static let documentBytes = 64 << 20
  /// The longest config.
  package static let configBytes = 1 << 20
}
