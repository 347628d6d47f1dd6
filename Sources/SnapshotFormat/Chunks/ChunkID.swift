import CKernels
import Crypto
import SystemIO

/// The name of a chunk: the SHA-256 of its plaintext.
///
/// Also names packs, manifests and notes. Four words rather than 32 bytes, because it is a dictionary key everywhere.
public struct ChunkID: Hashable, Sendable, Comparable {
  // The digest's bytes as big-endian words, so that comparing words compares bytes.
  let words: (UInt64, UInt64, UInt64, UInt64)

  init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

  public static func == (a: ChunkID, b: ChunkID) -> Bool {
    a.words.0 == b.words.0 && a.words.1 == b.words.1 && a.words.2 == b.words.2 && a.words.3 == b.words.3
  }

  public static func < (a: ChunkID, b: ChunkID) -> Bool {
    (a.words.0, a.words.1, a.words.2, a.words.3) < (b.words.0, b.words.1, b.words.2, b.words.3)
  }

  // One word of a cryptographic hash is as good a hash as four.
  public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

extension ChunkID {
  /// The id of a plaintext. One pass over the bytes.
  public init(of bytes: RawSpan) {
    self = unsafe bytes.withUnsafeBytes { message in
      if Self.hashedAtOnce == 1 { return unsafe ChunkID(portably: message) }
      var digest = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
      unsafe withUnsafeMutableBytes(of: &digest) { out in
        var message = unsafe Self.message(message, out.baseAddress!)
        unsafe ckernels_sha256_many(&message, 1, 2)
      }
      return ChunkID(digest: digest)
    }
  }

  public init(of bytes: [UInt8]) { self.init(of: bytes.rawSpan) }

  /// How many plaintexts at a time are hashed best.
  package static let hashedAtOnce = ckernels_sha256_best_lanes()

  /// How many this processor can hash at a time.
  package static let hashedAtOnceMaximum = ckernels_sha256_lanes()

  /// The ids of several plaintexts, hashed together: about twice as fast as one after the other.
  /// - Parameter count: How many at a time: `hashedAtOnce`, `hashedAtOnceMaximum`, or 2 where that is not more than these.
  package static func ids(of plaintexts: [UnsafeRawBufferPointer], atOnce count: Int = hashedAtOnce) -> [ChunkID] {
    if count == 1 { return unsafe plaintexts.map { unsafe ChunkID(portably: $0) } }
    var digests = Array(repeating: (UInt64(0), UInt64(0), UInt64(0), UInt64(0)), count: unsafe plaintexts.count)
    unsafe digests.withUnsafeMutableBytes { digests in
      var messages = unsafe plaintexts.enumerated().map { number, plaintext in
        unsafe message(plaintext, digests.baseAddress! + 32 * number)
      }
      // The longest first, so that little of the last one is hashed alone.
      unsafe messages.sort { unsafe $0.length > $1.length }
      unsafe ckernels_sha256_many(messages, messages.count, count)
    }
    return digests.map(ChunkID.init(digest:))
  }

  private static func message(
    _ plaintext: UnsafeRawBufferPointer, _ digest: UnsafeMutableRawPointer
  ) -> ckernels_sha256_message {
    unsafe ckernels_sha256_message(
      bytes: plaintext.baseAddress?.assumingMemoryBound(to: UInt8.self), length: plaintext.count,
      digest: digest.assumingMemoryBound(to: UInt8.self))
  }

  private init(portably plaintext: UnsafeRawBufferPointer) {
    var hasher = SHA256()
    unsafe hasher.update(bufferPointer: plaintext)
    var digest = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
    unsafe withUnsafeMutableBytes(of: &digest) { out in
      unsafe hasher.finalize().withUnsafeBytes { unsafe out.copyMemory(from: $0) }
    }
    self.init(digest: digest)
  }

  private init(digest: (UInt64, UInt64, UInt64, UInt64)) {
    self.init(
      words: (
        UInt64(bigEndian: digest.0), UInt64(bigEndian: digest.1), UInt64(bigEndian: digest.2),
        UInt64(bigEndian: digest.3)
      ))
  }
}

extension ChunkID: CustomStringConvertible, LosslessStringConvertible {
  /// 64 hexadecimal digits, lower case.
  public var description: String { hexadecimal(bytes) }

  /// The first 8 digits: for people.
  public var short: String { String(description.prefix(8)) }

  /// From 64 hexadecimal digits.
  public init?(_ text: some StringProtocol) {
    guard let bytes = parseHexadecimal(text), let id = ChunkID(bytes: bytes) else { return nil }
    self = id
  }

  public init?(_ description: String) { self.init(description[...]) }

  /// The 32 bytes of the digest.
  public var bytes: [UInt8] {
    var result = [UInt8]()
    result.reserveCapacity(32)
    for word in [words.0, words.1, words.2, words.3] {
      for shift in stride(from: 56, through: 0, by: -8) { result.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }
    return result
  }

  /// From the 32 bytes of a digest.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    var digest = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
    unsafe withUnsafeMutableBytes(of: &digest) { unsafe $0.copyBytes(from: bytes) }
    self.init(digest: digest)
  }
}

extension ChunkID: Codable {
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let id = ChunkID(text) else { throw FormatError(.inconsistent, "\"\(text)\" is not an id") }
    self = id
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
