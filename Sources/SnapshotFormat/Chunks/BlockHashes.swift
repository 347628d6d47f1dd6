import CKernels

/// A hash of each block of a chunk: tells which blocks differ from those of another chunk that is not at hand.
///
/// Blocks are those that patches are made of. Two that were written without knowing the key, and differ, have equal hashes
/// with a probability of at most 2^-63.
package struct BlockHashes: Equatable, Sendable {
  package private(set) var words: [UInt64]

  /// Bytes of a block.
  package static let blockBytes = Int(CKERNELS_HASHED_BLOCK)

  /// How many blocks a chunk of so many bytes has; the last may be shorter.
  package static func count(in length: Int) -> Int { (length + blockBytes - 1) / blockBytes }

  /// What hashes are made under.
  package struct Key: Sendable {
    fileprivate let words: [UInt64]

    /// The key that a seed stands for.
    package init(seed: [UInt8]) { words = keyWords(Int(CKERNELS_BLOCK_HASH_KEY_WORDS), seed: seed) }
  }

  /// One pass over `bytes`, at the speed of memory.
  package init(of bytes: RawSpan, under key: Key) {
    let count = Self.count(in: bytes.byteCount)
    words = unsafe [UInt64](unsafeUninitializedCapacity: count) { words, initialized in
      unsafe bytes.withUnsafeBytes { message in
        unsafe ckernels_block_hashes(
          message.bindMemory(to: UInt8.self).baseAddress, message.count, key.words, words.baseAddress)
      }
      initialized = count
    }
  }

  package init(_ words: [UInt64]) { self.words = words }

  /// Whether the dirty ones among the blocks of a chunk have these hashes.
  package func match(_ bytes: RawSpan, in dirty: DirtyBlocks, under key: Key) -> Bool {
    dirty.runs.allSatisfy { run in
      let range = Patch.byteRange(run, length: bytes.byteCount)
      return run.upperBound <= words.count
        && BlockHashes(of: bytes.extracting(range), under: key).words.elementsEqual(words[run])
    }
  }

  /// The blocks that differ from those of a chunk of the same length. O(blocks).
  package func difference(from base: BlockHashes) -> DirtyBlocks {
    precondition(words.count == base.words.count, "hashes of chunks of different lengths")
    return DirtyBlocks(among: words.count) { words[$0] != base.words[$0] }
  }
}
