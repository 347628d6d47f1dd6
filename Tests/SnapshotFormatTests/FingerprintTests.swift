import SeededNumbers
import SnapshotFormat
import SystemIO
import Testing

struct FingerprintTests {
  /// Lengths around a block's edges, and the longest.
  private static let lengths = [0, 1, 15, 16, 17, 4095, 4096, 4097, 262_144, 300_001, 1 << 20]

  @Test(arguments: lengths)
  func `Equal bytes have equal fingerprints`(length: Int) {
    var generator = SeededGenerator(1)
    let key = Fingerprint.Key(seed: [3])
    let bytes = generator.bytes(length)
    #expect(key.fingerprint(of: bytes.rawSpan) == key.fingerprint(of: Array(bytes).rawSpan))
  }

  @Test(arguments: lengths.dropFirst())
  func `One changed bit shows, wherever it is`(length: Int) {
    var generator = SeededGenerator(2)
    let key = Fingerprint.Key(seed: [3])
    var bytes = generator.bytes(length)
    let before = key.fingerprint(of: bytes.rawSpan)
    for place in [0, length - 1] + (0..<100).map({ _ in Int.random(in: 0..<length, using: &generator) }) {
      let mask: UInt8 = 1 << UInt8.random(in: 0...7, using: &generator)
      bytes[place] ^= mask
      #expect(key.fingerprint(of: bytes.rawSpan) != before, "byte \(place)")
      bytes[place] ^= mask
    }
    #expect(key.fingerprint(of: bytes.rawSpan) == before)
  }

  @Test func `A block has the fingerprint that it has by itself`() {
    var generator = SeededGenerator(4)
    let key = Fingerprint.Key(seed: [3])
    let bytes = generator.bytes(3 * Fingerprint.blockBytes + 100)
    let (whole, blocks) = key.fingerprints(of: bytes.rawSpan)
    #expect(whole == key.fingerprint(of: bytes.rawSpan))
    #expect(blocks.count == 4 && Set(blocks).count == 4)
    for (i, block) in blocks.enumerated() {
      let start = i * Fingerprint.blockBytes
      let part = Array(bytes[start..<min(bytes.count, start + Fingerprint.blockBytes)])
      #expect(key.fingerprint(ofBlock: part.rawSpan) == block)
    }
  }

  @Test func `Pages that change places show`() {
    var generator = SeededGenerator(3)
    let key = Fingerprint.Key(seed: [3])
    let (a, b) = (generator.bytes(4096), generator.bytes(4096))
    #expect(key.fingerprint(of: (a + b).rawSpan) != key.fingerprint(of: (b + a).rawSpan))
    let zeros = [UInt8](repeating: 0, count: 4096)
    #expect(key.fingerprint(of: (a + zeros).rawSpan) != key.fingerprint(of: (zeros + a).rawSpan))
  }

  @Test func `Another key has other fingerprints`() {
    let bytes = [UInt8](repeating: 7, count: 10_000)
    #expect(
      Fingerprint.Key(seed: [1]).fingerprint(of: bytes.rawSpan)
        != Fingerprint.Key(seed: [2]).fingerprint(of: bytes.rawSpan))
  }
}

struct LastingFingerprintTests {
  @Test func `The same seed gives the same fingerprints in another run`() {
    let bytes = [UInt8](repeating: 7, count: 300_001)
    let seed = [UInt8](0..<32)
    let first = LastingFingerprint.Key(seed: seed).fingerprint(of: bytes.rawSpan)
    #expect(first == LastingFingerprint.Key(seed: seed).fingerprint(of: bytes.rawSpan))
    #expect(first != LastingFingerprint.Key(seed: seed.reversed()).fingerprint(of: bytes.rawSpan))
  }

  /// Its first half is that which is compared within a run, made in one go with the other.
  @Test(arguments: [0, 1, 4095, 4096, 4097, 262_144, 300_001])
  func `The first half is the fingerprint under the first key`(length: Int) {
    var generator = SeededGenerator(5)
    let key = LastingFingerprint.Key(seed: [7])
    let bytes = generator.bytes(length)
    let (whole, blocks) = key.fingerprints(of: bytes.rawSpan)
    #expect(whole == key.fingerprint(of: bytes.rawSpan))
    #expect(whole.first == key.first.fingerprint(of: bytes.rawSpan))
    #expect(blocks == key.first.fingerprints(of: bytes.rawSpan).blocks)
  }

  /// Each half alone would let through what the other sees.
  @Test func `Both halves see a changed bit`() {
    var generator = SeededGenerator(6)
    let key = LastingFingerprint.Key(seed: [8])
    var bytes = generator.bytes(10_000)
    func halves() -> (ArraySlice<UInt8>, ArraySlice<UInt8>) {
      let encoded = LastingFingerprint.encode([key.fingerprint(of: bytes.rawSpan)])
      return (encoded[..<16], encoded[16...])
    }
    let before = halves()
    for place in [0, 4095, 4096, 9_999] {
      bytes[place] ^= 1
      #expect(halves().0 != before.0 && halves().1 != before.1)
      bytes[place] ^= 1
    }
  }

  @Test func `What is encoded is decoded`() {
    var generator = SeededGenerator(4)
    let key = LastingFingerprint.Key(seed: [])
    let fingerprints = (0..<5).map { _ in key.fingerprint(of: generator.bytes(1000).rawSpan) }
    let bytes = LastingFingerprint.encode(fingerprints)
    #expect(bytes.count == 5 * LastingFingerprint.byteCount)
    #expect(LastingFingerprint.decode(bytes) == fingerprints)
    #expect(LastingFingerprint.decode(Array(bytes.dropLast())).isEmpty)
  }
}
