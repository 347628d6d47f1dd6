import SeededNumbers
import SnapshotFormat
import SystemIO
import Testing

@Suite("Patches")
struct PatchTests {
  private static let block = 512

  /// The base with some of its blocks changed, and cut or extended.
  private func change(
    _ base: [UInt8], blocks: Int, length: Int, _ generator: inout SeededGenerator
  ) -> [UInt8] {
    var chunk = Array(base.prefix(length))
    if length > base.count { chunk += generator.anything(length - base.count) }
    for _ in 0..<blocks where !chunk.isEmpty {
      let at = generator.int(0..<chunk.count)
      let count = generator.chance(4) ? generator.int(1..<3000) : generator.int(1..<9)
      for i in at..<min(chunk.count, at + count) { chunk[i] = UInt8(generator.int(0..<256)) }
    }
    return chunk
  }

  @Test func randomDirtyBlocks() throws {
    var generator = SeededGenerator(40)
    let sealer = TestSealer()
    for _ in 0..<400 {
      let base = generator.anything(generator.int(1..<60_000))
      let length =
        switch generator.int(0..<4) {
        case 0: generator.int(1..<base.count + 1)
        case 1: base.count + generator.int(1..<5000)
        default: base.count
        }
      let chunk = change(base, blocks: generator.int(0..<40), length: length, &generator)
      let patch = try #require(sealer.patched(chunk, base: base))
      #expect(try sealer.applied(patch, to: base, length: chunk.count) == chunk)
    }
  }

  @Test func theLongestChunk() throws {
    var generator = SeededGenerator(41)
    let sealer = TestSealer()
    let base = generator.text(Limits.chunkBytes)
    for blocks in [0, 1, 100, 3000] {
      let chunk = change(base, blocks: blocks, length: base.count, &generator)
      let patch = try #require(sealer.patched(chunk, base: base))
      #expect(try sealer.applied(patch, to: base, length: chunk.count) == chunk)
    }
    // Nothing in common at all: every block is dirty.
    let other = generator.text(Limits.chunkBytes)
    let patch = try #require(sealer.patched(other, base: base))
    #expect(try sealer.applied(patch, to: base, length: other.count) == other)
  }

  /// Every edge of a block at which a chunk may end, against every edge at which its base may.
  @Test func shrunkAndGrown() throws {
    var generator = SeededGenerator(42)
    let sealer = TestSealer()
    let edges = [1, 511, 512, 513, 1023, 1024, 1025, 4096, 4099]
    for from in edges {
      for to in edges {
        let base = generator.bytes(from)
        let chunk = Array((base + generator.bytes(5000)).prefix(to))
        let patch = try #require(sealer.patched(chunk, base: base))
        #expect(try sealer.applied(patch, to: base, length: to) == chunk, "\(from) to \(to)")
      }
    }
  }

  @Test func aSmallChangeMakesASmallPatch() throws {
    var generator = SeededGenerator(43)
    let sealer = TestSealer()
    let base = generator.text(262_144)
    var chunk = base
    chunk[100_000] ^= 0xFF
    // The old bytes of the block are the frame's prefix, so the new ones cost next to nothing.
    #expect(try #require(sealer.patched(chunk, base: base)).count < 48)
    #expect(try #require(sealer.patched(base, base: base)).count < 16)
  }

  @Test func scatteredBlocksMakeABitmap() throws {
    var generator = SeededGenerator(44)
    let sealer = TestSealer()
    let base = generator.neighbours(262_144)
    var chunk = base
    for block in stride(from: 0, to: 512, by: 2) { chunk[block * Self.block + generator.int(0..<Self.block)] ^= 0x55 }
    let scattered = try #require(sealer.patched(chunk, base: base))
    #expect(scattered[0] == 3)
    #expect(scattered[1] == 64 && scattered[2] == 0)
    #expect(try sealer.applied(scattered, to: base, length: chunk.count) == chunk)
    var contiguous = base
    for i in 0..<10_000 { contiguous[50_000 + i] ^= 0x55 }
    #expect(try #require(sealer.patched(contiguous, base: base))[0] == 1)
  }

  @Test func whatIsNotWorthItIsNotMade() {
    var generator = SeededGenerator(45)
    let sealer = TestSealer()
    let base = generator.bytes(50_000)
    let chunk = generator.bytes(50_000)
    for limit in [0, 1, 3, 4, 100, 49_000] { #expect(sealer.patched(chunk, base: base, limit: limit) == nil) }
  }

  // MARK: Written by hand

  private func patch(flags: UInt8, dirty: [UInt8], frame: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.append(flags)
    writer.append(UInt16(dirty.count))
    writer.append(dirty)
    writer.append(frame)
    return writer.bytes
  }

  /// A frame that stands alone, as a writer makes it that does not have the base's bytes.
  @Test func framesWithoutAPrefix() throws {
    let sealer = TestSealer()
    let base = [UInt8](repeating: 1, count: 2000)
    let new = [UInt8](repeating: 2, count: 512)
    var expected = base
    expected.replaceSubrange(512..<1024, with: new)
    let runs = patch(flags: 0, dirty: [1, 1], frame: rawFrame(new))
    #expect(try sealer.applied(runs, to: base, length: 2000) == expected)
    let bitmap = patch(flags: 2, dirty: [0b0010], frame: rawFrame(new))
    #expect(try sealer.applied(bitmap, to: base, length: 2000) == expected)
    // Runs that touch are two runs.
    let touching = patch(flags: 0, dirty: [0, 1, 0, 1], frame: rawFrame(new + new))
    #expect(try sealer.applied(touching, to: base, length: 2000) == new + new + base[1024...])
  }

  @Test func nonsenseIsRefused() {
    let sealer = TestSealer()
    let base = [UInt8](repeating: 1, count: 2000)
    let new = [UInt8](repeating: 2, count: 512)
    let nonsense: [[UInt8]] = [
      [], [0], [0, 0], [0, 1, 0],
      patch(flags: 4, dirty: [1, 1], frame: rawFrame(new)),
      patch(flags: 0xFF, dirty: [1, 1], frame: rawFrame(new)),
      patch(flags: 0, dirty: [1, 0], frame: rawFrame([])),
      patch(flags: 0, dirty: [4, 1], frame: rawFrame(new)),
      patch(flags: 0, dirty: [1, 4], frame: rawFrame(new + new + new + new)),
      patch(flags: 0, dirty: [1], frame: rawFrame(new)),
      patch(flags: 0, dirty: [0x80, 0x80, 0x80, 1, 1], frame: rawFrame(new)),
      patch(flags: 0, dirty: [0xFF, 0xFF, 0x7F, 1], frame: rawFrame(new)),
      patch(flags: 2, dirty: [], frame: rawFrame([])),
      patch(flags: 2, dirty: [2, 0], frame: rawFrame(new)),
      patch(flags: 2, dirty: [0x10], frame: rawFrame(new)),
      // Too few and too many new bytes.
      patch(flags: 0, dirty: [1, 1], frame: rawFrame(Array(new.dropLast()))),
      patch(flags: 0, dirty: [1, 1], frame: rawFrame(new + [1])),
      patch(flags: 0, dirty: [1, 1], frame: []),
    ]
    for stored in nonsense {
      #expect(throws: FormatError.self, "\(stored.prefix(12))") { try sealer.applied(stored, to: base, length: 2000) }
    }
  }

  /// Bytes past the base's end must all come from the patch.
  @Test func noByteIsLeftUndefined() {
    let sealer = TestSealer()
    let base = [UInt8](repeating: 1, count: 700)
    let new = [UInt8](repeating: 2, count: 1024)
    for dirty: [UInt8] in [[], [0, 1], [2, 1], [3, 1], [2, 2], [0, 1, 2, 1]] {
      let blocks = zip(dirty, dirty.indices).filter { $1 % 2 == 1 }.reduce(0) { $0 + Int($1.0) }
      let stored = patch(flags: 0, dirty: dirty, frame: rawFrame(Array((new + new).prefix(blocks * 512))))
      #expect(throws: FormatError.self, "\(dirty)") { try sealer.applied(stored, to: base, length: 2048) }
    }
  }

  @Test func lengthsPastTheLimitAreRefused() {
    let sealer = TestSealer()
    let base = [UInt8](repeating: 1, count: 700)
    let stored = patch(flags: 0, dirty: [], frame: rawFrame([]))
    #expect(throws: FormatError.self) { try sealer.applied(stored, to: base, length: Limits.chunkBytes + 1) }
    // The buffer is shorter than the result: nothing may be written past its end.
    let growing = patch(flags: 0, dirty: [1, 3], frame: rawFrame([UInt8](repeating: 2, count: 1536)))
    #expect(throws: FormatError.self) { try sealer.applied(growing, to: base, length: 2048, capacity: 1000) }
  }

  /// The wrong base gives the wrong bytes or an error; the id finds out.
  @Test func anotherBaseIsFoundOut() throws {
    var generator = SeededGenerator(46)
    let sealer = TestSealer()
    for _ in 0..<100 {
      let base = generator.text(20_000)
      let chunk = change(base, blocks: 5, length: base.count, &generator)
      let patch = try #require(sealer.patched(chunk, base: base))
      var other = base
      other[generator.int(0..<base.count)] ^= 1
      let applied = try? sealer.applied(patch, to: other, length: chunk.count)
      #expect(applied == nil || applied?.count == chunk.count)
      if let applied, applied != chunk { #expect(ChunkID(of: applied) != ChunkID(of: chunk)) }
    }
  }

  @Test func garbageNeverCrashes() throws {
    var generator = SeededGenerator(47)
    let sealer = TestSealer()
    let base = generator.text(9000)
    let chunk = change(base, blocks: 9, length: 9500, &generator)
    let patch = try #require(sealer.patched(chunk, base: base))
    for _ in 0..<20_000 {
      let garbage = generator.chance(4) ? generator.bytes(generator.int(0..<60)) : generator.mutate(patch)
      let length = generator.chance(3) ? generator.int(0..<12_000) : chunk.count
      let shorter = Array(base.prefix(generator.chance(3) ? generator.int(0..<9000) : 9000))
      let applied = try? sealer.applied(garbage, to: shorter, length: length)
      #expect(applied == nil || applied?.count == length)
    }
  }
}
