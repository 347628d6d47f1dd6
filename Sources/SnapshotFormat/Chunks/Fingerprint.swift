import CKernels

/// Tells whether bytes are still what they were, within one run: ten times as fast as SHA-256, which names them.
package struct Fingerprint: Hashable, Sendable {
  fileprivate let low: UInt64
  fileprivate let high: UInt64

  /// Bytes of a block, which has a fingerprint of its own.
  package static let blockBytes = Int(CKERNELS_FINGERPRINT_BLOCK)

  /// What fingerprints are made under. Bytes that were written without knowing it, and differ, have equal fingerprints
  /// with a probability of at most 2^-63.
  package struct Key: Sendable {
    fileprivate let words: [UInt64]

    private static let count =
      Int(CKERNELS_FINGERPRINT_BLOCK) / 8 + 1 + 2 * (Limits.chunkBytes / Int(CKERNELS_FINGERPRINT_BLOCK))

    /// The key that a seed stands for.
    package init(seed: [UInt8]) { words = keyWords(Self.count, seed: seed) }

    /// The fingerprint of at most a chunk's bytes. Comparable with that of as many other bytes.
    package func fingerprint(of bytes: RawSpan) -> Fingerprint { unsafe fingerprint(of: bytes, blocks: nil) }

    /// The same, and that of each block in it.
    package func fingerprints(of bytes: RawSpan) -> (whole: Fingerprint, blocks: [Fingerprint]) {
      var whole = Fingerprint.zero
      let blocks = unsafe Fingerprint.ofBlocks(in: bytes) { blocks in
        whole = unsafe fingerprint(of: bytes, blocks: blocks)
      }
      return (whole, blocks)
    }

    /// The fingerprint of one block by itself.
    package func fingerprint(ofBlock bytes: RawSpan) -> Fingerprint {
      precondition(bytes.byteCount <= Fingerprint.blockBytes, "more than a block")
      var block = Fingerprint.zero
      unsafe block.withWords { block in _ = unsafe fingerprint(of: bytes, blocks: block) }
      return block
    }

    private func fingerprint(of bytes: RawSpan, blocks: UnsafeMutablePointer<UInt64>?) -> Fingerprint {
      precondition(bytes.byteCount <= Limits.chunkBytes, "more than a fingerprint's key covers")
      var result = Fingerprint.zero
      unsafe bytes.withUnsafeBytes { message in
        unsafe result.withWords { out in
          unsafe ckernels_fingerprint(
            message.bindMemory(to: UInt8.self).baseAddress, message.count, words, out, blocks)
        }
      }
      return result
    }
  }

  fileprivate static let zero = Fingerprint(low: 0, high: 0)

  fileprivate mutating func withWords(_ body: (UnsafeMutablePointer<UInt64>) -> Void) {
    unsafe withUnsafeMutableBytes(of: &self) { unsafe body($0.bindMemory(to: UInt64.self).baseAddress!) }
  }

  /// As many as there are blocks in `bytes`, filled by `body`, two words each.
  fileprivate static func ofBlocks(
    in bytes: RawSpan, _ body: (UnsafeMutablePointer<UInt64>?) -> Void
  ) -> [Fingerprint] {
    var blocks = [Fingerprint](repeating: zero, count: (bytes.byteCount + blockBytes - 1) / blockBytes)
    unsafe blocks.withUnsafeMutableBytes { unsafe body($0.bindMemory(to: UInt64.self).baseAddress) }
    return blocks
  }
}

/// At least `count` words that a seed stands for: SHA-256 of the seed and a counter, four words at a time.
func keyWords(_ count: Int, seed: [UInt8]) -> [UInt64] {
  (0..<(count + 3) / 4).flatMap { i in
    let words = ChunkID(of: seed + [UInt8(truncatingIfNeeded: i), UInt8(truncatingIfNeeded: i >> 8)]).words
    return [words.0, words.1, words.2, words.3]
  }
}

/// The same for what is compared in another run: two fingerprints under independent keys.
///
/// Bytes that were written without knowing the keys, and differ, have equal ones with a probability of at most 2^-126.
package struct LastingFingerprint: Hashable, Sendable {
  /// Half of it, for what is compared within one run.
  package private(set) var first: Fingerprint
  private var second: Fingerprint

  package static let byteCount = 32

  package struct Key: Sendable {
    /// What the first half is made under.
    package let first: Fingerprint.Key
    private let second: Fingerprint.Key
    /// What hashes of blocks are made under.
    package let blocks: BlockHashes.Key

    package init(seed: [UInt8]) {
      first = Fingerprint.Key(seed: seed + [1])
      second = Fingerprint.Key(seed: seed + [2])
      blocks = BlockHashes.Key(seed: seed + [3])
    }

    /// The fingerprint of at most a chunk's bytes. Comparable with that of as many other bytes.
    package func fingerprint(of bytes: RawSpan) -> LastingFingerprint { unsafe fingerprint(of: bytes, blocks: nil) }

    /// The same, and the first half of that of each block in it.
    package func fingerprints(of bytes: RawSpan) -> (whole: LastingFingerprint, blocks: [Fingerprint]) {
      var whole = LastingFingerprint(first: .zero, second: .zero)
      let blocks = unsafe Fingerprint.ofBlocks(in: bytes) { blocks in
        whole = unsafe fingerprint(of: bytes, blocks: blocks)
      }
      return (whole, blocks)
    }

    private func fingerprint(of bytes: RawSpan, blocks: UnsafeMutablePointer<UInt64>?) -> LastingFingerprint {
      precondition(bytes.byteCount <= Limits.chunkBytes, "more than a fingerprint's key covers")
      var (a, b) = (Fingerprint.zero, Fingerprint.zero)
      unsafe bytes.withUnsafeBytes { message in
        unsafe a.withWords { a in
          unsafe b.withWords { b in
            unsafe ckernels_fingerprint_pair(
              message.bindMemory(to: UInt8.self).baseAddress, message.count, first.words, second.words, a, b, blocks)
          }
        }
      }
      return LastingFingerprint(first: a, second: b)
    }
  }
}

extension LastingFingerprint {
  /// Fingerprints one behind the other, four little-endian words each.
  package static func encode(_ fingerprints: [LastingFingerprint]) -> [UInt8] {
    var writer = ByteWriter(reserving: fingerprints.count * byteCount)
    for print in fingerprints {
      for word in [print.first.low, print.first.high, print.second.low, print.second.high] { writer.append(word) }
    }
    return writer.bytes
  }

  /// - Returns: None where the bytes are not whole fingerprints.
  package static func decode(_ bytes: [UInt8]) -> [LastingFingerprint] {
    guard bytes.count % byteCount == 0 else { return [] }
    func word(_ at: Int) -> UInt64 { bytes[at..<at + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    return stride(from: 0, to: bytes.count, by: byteCount).map { at in
      LastingFingerprint(
        first: Fingerprint(low: word(at), high: word(at + 8)),
        second: Fingerprint(low: word(at + 16), high: word(at + 24)))
    }
  }
}
