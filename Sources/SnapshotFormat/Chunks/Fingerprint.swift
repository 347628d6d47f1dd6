import CKernels

/// Tells whether bytes are still what they were, within one run: ten times as fast as SHA-256, which names them.
package struct Fingerprint: Hashable, Sendable {
  private let low: UInt64
  private let high: UInt64

  /// What fingerprints are made under. Bytes that were written without knowing it, and differ, have equal fingerprints
  /// with a probability of at most 2^-63.
  package struct Key: Sendable {
    private let words: [UInt64]

    /// A random key.
    package init() {
      var random = SystemRandomNumberGenerator()
      let block = Int(CKERNELS_FINGERPRINT_BLOCK)
      words = (0..<block / 8 + 2 * (Limits.chunkBytes / block)).map { _ in random.next() }
    }

    /// The fingerprint of at most a chunk's bytes. Comparable with that of as many other bytes.
    package func fingerprint(of bytes: RawSpan) -> Fingerprint {
      precondition(bytes.byteCount <= Limits.chunkBytes, "more than a fingerprint's key covers")
      var result = (UInt64(0), UInt64(0))
      unsafe bytes.withUnsafeBytes { message in
        unsafe words.withUnsafeBufferPointer { key in
          unsafe withUnsafeMutableBytes(of: &result) { out in
            unsafe ckernels_fingerprint(
              message.bindMemory(to: UInt8.self).baseAddress, message.count, key.baseAddress,
              out.bindMemory(to: UInt64.self).baseAddress)
          }
        }
      }
      return Fingerprint(low: result.0, high: result.1)
    }
  }
}
