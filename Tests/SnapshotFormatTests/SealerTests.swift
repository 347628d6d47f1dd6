import SeededNumbers
import SnapshotFormat
import SystemIO
import Testing

@Suite("Sealing whole chunks")
struct SealerTests {
  /// Long, short, odd: lengths that every filter has to bear.
  private static let lengths =
    Array(1...40) + [4095, 4096, 4097, 4098, 4099, 4103, 4111, 65_537, 262_144, 262_147, Limits.chunkBytes]

  @Test func everyKindOfBytesGoesThereAndBack() throws {
    var generator = SeededGenerator(30)
    let sealer = TestSealer()
    var seen: Set<Codec> = []
    for length in Self.lengths {
      for _ in 0..<(length < 70_000 ? 12 : 4) {
        let chunk = generator.anything(length)
        let stored = sealer.sealed(chunk, at: UInt64(generator.int(0..<9)))
        seen.insert(stored.encoding.codec)
        #expect(stored.bytes.count <= length)
        #expect(try sealer.opened(stored, length: length) == chunk)
      }
    }
    #expect(seen == [.raw, .zstd, .planes, .exponents])
  }

  @Test func manyRandomLengths() throws {
    var generator = SeededGenerator(31)
    let sealer = TestSealer(level: 3)
    for _ in 0..<400 {
      let chunk = generator.anything(generator.int(1..<30_000))
      let stored = sealer.sealed(chunk, at: UInt64(generator.int(0..<1 << 40)))
      #expect(try sealer.opened(stored, length: chunk.count) == chunk)
    }
  }

  /// A chunk is appended: what lies in the buffer before it stays.
  @Test func outputsAreAppendedTo() throws {
    var generator = SeededGenerator(32)
    var sealer = Sealer()
    for chunk in [
      generator.text(50_000), generator.floats(50_001), generator.neighbours(50_002), generator.bytes(50_003),
    ] {
      var output = ByteBuffer(capacity: 2 * Limits.storedChunkBytes)
      output.append(UInt64(42))
      let encoding = sealer.seal(chunk.rawSpan, at: 0, into: &output)
      let stored = output.bytes.extracting(8...)
      var opened = ByteBuffer(capacity: Limits.chunkBytes)
      opened.append(UInt64(43))
      try sealer.open(stored, encoding, length: chunk.count, into: &opened)
      let (before, after) = unsafe ([UInt8](output.pointer), [UInt8](opened.pointer))
      #expect(before[0] == 42)
      #expect(after[0] == 43)
      #expect(Array(after[8...]) == chunk)
    }
  }

  // MARK: The choice

  @Test(arguments: [0, 1, 2, 3, 4, 262_145] as [Int])
  func theProbeKnowsWhatItSees(offset: Int) {
    var generator = SeededGenerator(33)
    let sealer = TestSealer()
    for length in [16_384, 262_144, 500_001] {
      func codec(_ file: [UInt8]) -> Encoding {
        sealer.sealed(Array(file[offset..<offset + length]), at: UInt64(offset)).encoding
      }
      let phase = UInt8((4 - offset % 4) % 4)
      #expect(codec(generator.text(offset + length)) == Encoding(.zstd))
      #expect(codec(generator.bytes(offset + length)) == Encoding(.raw))
      #expect(codec(generator.floats(offset + length)) == Encoding(.exponents, phase: phase))
      #expect(codec(generator.neighbours(offset + length)) == Encoding(.planes, phase: phase))
    }
  }

  /// Each filter earns its place: smaller than zstd alone on what it is for.
  @Test func filtersSave() {
    var generator = SeededGenerator(34)
    let sealer = TestSealer()
    let floats = generator.floats(262_144)
    #expect(sealer.sealed(floats).bytes.count < 232_000)
    let neighbours = generator.neighbours(262_144)
    #expect(sealer.sealed(neighbours).bytes.count < 160_000)
    #expect(sealer.sealed([UInt8](repeating: 0, count: 262_144)).bytes.count < 64)
    #expect(sealer.sealed(generator.text(262_144)).bytes.count < 100_000)
  }

  // MARK: Damage

  /// With the chunk's id to prove it, no damage of any byte gives wrong data, and none crashes.
  @Test func damageNeverGivesWrongData() {
    var generator = SeededGenerator(35)
    let sealer = TestSealer()
    for chunk in [generator.text(5000), generator.floats(5001), generator.neighbours(5002), generator.bytes(5003)] {
      let id = ChunkID(of: chunk)
      let stored = sealer.sealed(chunk, at: 1)
      for at in stored.bytes.indices {
        var damaged = stored
        damaged.bytes[at] ^= UInt8(1 << generator.int(0..<8))
        #expect(Sealer.checksum(damaged.bytes.rawSpan) != Sealer.checksum(stored.bytes.rawSpan))
        let opened = try? sealer.opened(damaged, length: chunk.count)
        // An unused bit of a frame may change nothing; anything else is an error or fails the id.
        #expect(opened == nil || opened == chunk || ChunkID(of: opened ?? []) != id)
      }
      for count in 0..<stored.bytes.count where count % 7 == 0 {
        let cut = Sealed(encoding: stored.encoding, bytes: Array(stored.bytes[..<count]))
        #expect((try? sealer.opened(cut, length: chunk.count)) == nil)
      }
    }
  }

  /// A wrong length, codec or phase in a table's entry is an error or the wrong bytes, never a crash.
  @Test func aForgedEntryIsHarmless() {
    var generator = SeededGenerator(36)
    let sealer = TestSealer()
    for _ in 0..<300 {
      let chunk = generator.anything(generator.int(1..<20_000))
      let stored = sealer.sealed(chunk)
      for codec in Codec.allCases {
        for phase in UInt8(0)...3 {
          let length = [chunk.count, chunk.count + 1, chunk.count - 1, 0, 1, 3, Limits.chunkBytes][generator.int(0..<7)]
          let forged = Sealed(encoding: Encoding(codec, phase: phase), bytes: stored.bytes)
          let opened = try? sealer.opened(forged, length: length)
          #expect(opened == nil || opened?.count == length)
        }
      }
    }
  }

  @Test func whatDoesNotFitTheOutputIsAnError() {
    var generator = SeededGenerator(37)
    let sealer = TestSealer()
    for chunk in [generator.text(9000), generator.floats(9000), generator.neighbours(9000), generator.bytes(9000)] {
      let stored = sealer.sealed(chunk)
      #expect(throws: FormatError.self) { try sealer.opened(stored, length: 9000, capacity: 8999) }
    }
  }

  @Test func aPatchNeedsItsBase() {
    let sealer = TestSealer()
    #expect(throws: FormatError.self) {
      try sealer.opened(Sealed(encoding: Encoding(.patch), bytes: [0, 0, 0]), length: 10)
    }
  }

  // MARK: Checksums and tables

  /// CRC-32/ISO-HDLC's check value, from the catalogue of parametrised CRC algorithms.
  @Test func theChecksumIsThatOfZlib() {
    #expect(Sealer.checksum(Array("123456789".utf8).rawSpan) == 0xCBF4_3926)
    let none: [UInt8] = []
    #expect(Sealer.checksum(none.rawSpan) == 0)
  }

  @Test func tablesGoThereAndBack() throws {
    var generator = SeededGenerator(38)
    let sealer = TestSealer()
    for count in [1, 40, 5000, Limits.tableBytes] {
      for table in [generator.bytes(count), generator.text(count)] {
        let stored = sealer.sealTable(table)
        #expect(try sealer.openTable(stored, length: count) == table)
        #expect(throws: FormatError.self) { try sealer.openTable(stored, length: count + 1) }
        #expect(throws: FormatError.self) { try sealer.openTable(stored, length: count - 1) }
      }
    }
    let stored = sealer.sealTable([1])
    #expect(throws: FormatError.self) { try sealer.openTable(stored, length: Limits.tableBytes + 1) }
  }
}
