import SeededNumbers
import SnapshotFormat
import SystemIO
import Testing

@Suite("Content-defined chunking")
struct GearChunkerTests {
  private static let seed = "000102030405060708090a0b0c0d0e0f"
  private static let defaults = ChunkingParameters(gearSeed: seed)
  /// Short chunks, so that a test sees many.
  private static let short = ChunkingParameters(
    regionBytes: 4096, minimumBytes: 4096, averageBytes: 16_384, maximumBytes: 65_536, segmentBytes: 1 << 20,
    gearSeed: seed)

  /// Where the chunks of `bytes` begin, and its end.
  private func cuts(_ bytes: [UInt8], _ chunker: GearChunker) -> [Int] {
    var cuts = [0]
    while let last = cuts.last, last < bytes.count {
      let length = chunker.cut(bytes.rawSpan.extracting(last...))
      guard length > 0 else { return [] }
      cuts.append(last + length)
    }
    return cuts
  }

  private func lengths(_ cuts: [Int]) -> [Int] { zip(cuts.dropFirst(), cuts).map { $0 - $1 } }

  @Test(arguments: [defaults, short])
  func lengthsKeepTheirBounds(parameters: ChunkingParameters) {
    var generator = SeededGenerator(10)
    let chunker = GearChunker(parameters)
    for count in [1, 100, parameters.minimumBytes, parameters.minimumBytes + 1, parameters.maximumBytes, 9_000_001] {
      for bytes in [generator.bytes(count), generator.text(count), [UInt8](repeating: 7, count: count)] {
        let lengths = lengths(cuts(bytes, chunker))
        #expect(lengths.reduce(0, +) == count)
        #expect(lengths.allSatisfy { $0 <= parameters.maximumBytes })
        #expect(lengths.dropLast().allSatisfy { $0 > parameters.minimumBytes })
      }
    }
  }

  @Test func theAverageIsAboutWhatWasAskedFor() {
    var generator = SeededGenerator(11)
    let chunks = lengths(cuts(generator.bytes(16 << 20), GearChunker(Self.short)))
    let mean = (16 << 20) / chunks.count
    #expect(mean > 12_000 && mean < 28_000, "\(mean) bytes on average")
    // Normalised: the very long ones are rare.
    #expect(chunks.filter { $0 == 65_536 }.count * 50 < chunks.count)
  }

  /// Where it is cut a chunk may end; elsewhere that is as rare as a cut is.
  @Test(arguments: [defaults, short])
  func aChunkMayEndWhereItIsCut(parameters: ChunkingParameters) {
    var generator = SeededGenerator(14)
    let chunker = GearChunker(parameters)
    var ends = 0
    for var bytes in [generator.bytes(9_000_000), generator.text(9_000_000), [UInt8](repeating: 7, count: 3 << 20)] {
      let cuts = cuts(bytes, chunker)
      for (start, end) in zip(cuts, cuts.dropFirst()).dropLast() {
        func mayEnd(_ chunk: Range<Int>) -> Bool { chunker.mayEnd(bytes.rawSpan.extracting(chunk)) }
        #expect(mayEnd(start..<end))
        // What lies further back says nothing, and one byte less is another place.
        bytes[max(start, end - 65)] ^= 1
        #expect(mayEnd(start..<end))
        if mayEnd(start..<end - 1) { ends += 1 }
      }
    }
    // All bytes alike: everywhere or nowhere.
    #expect(ends < 3)
    let shortest = generator.bytes(parameters.minimumBytes)
    let mayBeShortest = chunker.mayEnd(shortest.rawSpan)
    #expect(!mayBeShortest)
  }

  /// The definition, a byte at a time, from the paper and the format's page.
  private func plainCut(_ bytes: [UInt8], _ parameters: ChunkingParameters) -> Int {
    let seed = parseHexadecimal(parameters.gearSeed) ?? []
    let gear = (0..<256).map { i -> UInt64 in
      ChunkID(of: seed + [UInt8(i)]).bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    let limit = min(bytes.count, parameters.maximumBytes)
    let bits = parameters.averageBytes.trailingZeroBitCount
    var hash: UInt64 = 0
    for i in min(parameters.minimumBytes, limit)..<limit {
      hash = (hash << 1) &+ gear[Int(bytes[i])]
      let width = UInt64(i < parameters.averageBytes ? bits + 2 : bits - 2)
      if hash >> (63 - width) & ((1 << width) - 1) == 0 { return i + 1 }
    }
    return limit
  }

  /// Also where four stretches are scanned at once, which takes long chunks.
  @Test func aFastScanCutsAsOneOfAByteAtATimeDoes() {
    var generator = SeededGenerator(12)
    let odd = ChunkingParameters(
      regionBytes: 4096, minimumBytes: 4097, averageBytes: 8192, maximumBytes: 20_001, segmentBytes: 1 << 20,
      gearSeed: "ffeeddccbbaa99887766554433221100")
    for (parameters, rounds) in [(Self.short, 150), (odd, 150), (Self.defaults, 40)] {
      let chunker = GearChunker(parameters)
      for _ in 0..<rounds {
        let count = generator.int(1..<parameters.maximumBytes + 5000)
        let bytes = generator.chance(3) ? generator.text(count) : generator.bytes(count)
        #expect(chunker.cut(bytes.rawSpan) == plainCut(bytes, parameters))
      }
    }
  }

  /// What lies behind a maximal chunk does not change where it is cut: the reader's window may end anywhere.
  @Test func cutsDoNotDependOnTheWindow() {
    var generator = SeededGenerator(13)
    let chunker = GearChunker(Self.short)
    let bytes = generator.text(600_000)
    let whole = cuts(bytes, chunker)
    for _ in 0..<20 {
      var windowed = [0]
      while let last = windowed.last, last < bytes.count {
        let window = Self.short.maximumBytes + generator.int(0..<200_000)
        let end = min(bytes.count, last + window)
        windowed.append(last + chunker.cut(bytes.rawSpan.extracting(last..<end)))
      }
      #expect(windowed == whole)
    }
  }

  /// A window that is shorter than a chunk may be gives the same cut, or says that it needs more.
  @Test func aShortWindowGivesTheSameCutOrNone() {
    var generator = SeededGenerator(16)
    let chunker = GearChunker(Self.short)
    for round in 0..<20 {
      let count = Self.short.maximumBytes + 100
      // Bytes that are all the same are cut nowhere before the maximum.
      let bytes = round == 0 ? [UInt8](repeating: 7, count: count) : generator.bytes(count)
      let cut = chunker.cut(bytes.rawSpan)
      for window in [0, 1, cut - 1, cut, cut + 1] + (0..<20).map({ _ in generator.int(0..<count) }) {
        let found = chunker.firstCut(bytes.rawSpan.extracting(first: window))
        #expect(found == (window < cut ? nil : cut), "\(window) bytes")
      }
    }
  }

  @Test func anInsertionMovesTheCutsWithTheContent() {
    var generator = SeededGenerator(14)
    let chunker = GearChunker(Self.short)
    let bytes = generator.bytes(2 << 20)
    let before = Set(cuts(bytes, chunker))
    for inserted in [1, 3, 100, 5000] {
      for place in [0, 700_001] {
        var changed = bytes
        changed.insert(contentsOf: generator.bytes(inserted), at: place)
        let after = Set(
          cuts(changed, chunker).compactMap { cut -> Int? in
            if cut <= place { return cut }
            return cut >= place + inserted ? cut - inserted : nil
          })
        // All but a few cuts are where they were.
        #expect(before.subtracting(after).count <= 12, "\(inserted) bytes at \(place)")
      }
    }
  }

  @Test func anotherSeedCutsElsewhere() {
    var generator = SeededGenerator(15)
    let bytes = generator.bytes(1 << 20)
    var other = Self.short
    other.gearSeed = "100102030405060708090a0b0c0d0e0f"
    let a = Set(cuts(bytes, GearChunker(Self.short))).subtracting([0, bytes.count])
    let b = Set(cuts(bytes, GearChunker(other))).subtracting([0, bytes.count])
    #expect(a.intersection(b).count <= 2)
  }
}
