import SeededNumbers
import SnapshotFormat
import SystemIO
import Testing

@Suite("Hashes of blocks")
struct BlockHashesTests {
  private static let key = BlockHashes.Key(seed: [5])
  private static let block = BlockHashes.blockBytes

  private func hashes(_ bytes: [UInt8]) -> BlockHashes { BlockHashes(of: bytes.rawSpan, under: Self.key) }

  @Test(arguments: [1, 7, 511, 512, 513, 4096, 262_144, 300_001, 1 << 20])
  func `One changed bit makes its block dirty, and no other`(length: Int) {
    var generator = SeededGenerator(1)
    var bytes = generator.bytes(length)
    let before = hashes(bytes)
    #expect(before.words.count == (length + Self.block - 1) / Self.block)
    #expect(hashes(bytes).difference(from: before).count == 0)
    for place in [0, length - 1] + (0..<100).map({ _ in generator.int(0..<length) }) {
      let mask: UInt8 = 1 << UInt8(generator.int(0..<8))
      bytes[place] ^= mask
      let after = hashes(bytes)
      #expect(after.difference(from: before).count == 1, "byte \(place)")
      #expect(after.words[place / Self.block] != before.words[place / Self.block])
      bytes[place] ^= mask
    }
  }

  @Test func `Another key has other hashes`() {
    let bytes = [UInt8](repeating: 7, count: 10_000)
    let other = BlockHashes(of: bytes.rawSpan, under: BlockHashes.Key(seed: [6]))
    #expect(other.difference(from: hashes(bytes)).count == 20)
  }

  /// The high bit of a word, which half of NH's sum forgets every other time.
  @Test func `The highest bit of each word counts under any key`() {
    var bytes = [UInt8](repeating: 0, count: Self.block)
    for seed in 0..<UInt8(50) {
      let key = BlockHashes.Key(seed: [seed])
      let before = BlockHashes(of: bytes.rawSpan, under: key)
      for word in 0..<Self.block / 8 {
        bytes[8 * word + 7] ^= 0x80
        #expect(BlockHashes(of: bytes.rawSpan, under: key) != before)
        bytes[8 * word + 7] ^= 0x80
      }
    }
  }

  @Test func `Only dirty blocks must match`() {
    var generator = SeededGenerator(2)
    let old = generator.bytes(20 * Self.block + 100)
    var new = old
    for block in [3, 4, 20] { new[block * Self.block + 9] ^= 1 }
    let dirty = hashes(new).difference(from: hashes(old))
    #expect(dirty.count == 3)
    func matches(_ bytes: [UInt8]) -> Bool { hashes(old).match(bytes.rawSpan, in: dirty, under: Self.key) }
    #expect(matches(old))
    for (block, isNeeded) in [(3, true), (4, true), (20, true), (2, false), (5, false)] {
      var damaged = old
      damaged[block * Self.block] ^= 1
      #expect(matches(damaged) == !isNeeded)
    }
  }

  @Test func `A patch is made without its base where the hashes say what is dirty`() throws {
    var generator = SeededGenerator(3)
    let sealer = TestSealer()
    for length in [100, 262_144, 262_144 - 77] {
      let old = generator.text(length)
      var new = old
      for _ in 0..<4 { new[generator.int(0..<length)] ^= 0x55 }
      let dirty = hashes(new).difference(from: hashes(old))
      let patch = try #require(sealer.patched(new, dirty: dirty))
      #expect(patch.count < dirty.count * Self.block + 32)
      #expect(try sealer.applied(patch, to: old, length: length) == new)
      // Beside the base it is the same patch as where the two are compared.
      #expect(sealer.patched(new, base: old, dirty: dirty) == sealer.patched(new, base: old))
    }
  }
}
