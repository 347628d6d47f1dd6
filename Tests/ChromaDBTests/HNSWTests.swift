import ChromaDB
import SystemIO
import SystemPackage
import Testing

struct HNSWTests {
  private func files(_ folder: FilePath) throws -> [HNSWFile: [UInt8]] {
    var result: [HNSWFile: [UInt8]] = [:]
    for name in HNSWFile.allCases { result[name] = try content(of: folder.appending(name.rawValue)) }
    return result
  }

  private func check(_ files: [HNSWFile: [UInt8]]) throws -> HNSWValidator.Report {
    try HNSWValidator.check(files.mapValues { MemoryFile($0) })
  }

  @Test(arguments: fixtureVersions)
  func `A persisted index is understood`(version: String) throws {
    let scratch = try ScratchFolder()
    let report = try check(try files(persistedFolder(of: try scratch.unpack(version))))
    #expect(report.problems == [])
    let header = try #require(report.header)
    let metadata = try #require(report.metadata)
    #expect(header.dimension == 8 && header.links == 16)
    #expect(metadata.labels.count == Int(header.count) - report.deleted)
    #expect(metadata.sequenceNumber == nil || version == "0.4.24")
    #expect(metadata.mapsAgree)
  }

  @Test func `Offsets that do not fit into a number are no header`() throws {
    let scratch = try ScratchFolder()
    let folder = try persistedFolder(of: try scratch.unpack("1.5.9"))
    var bytes = try content(of: folder.appending(HNSWFile.header.rawValue))
    #expect(HNSWHeader(bytes) != nil)
    bytes.replaceSubrange(36..<44, with: [0xFC] + Array(repeating: 0xFF, count: 7))
    #expect(HNSWHeader(bytes) == nil)
  }

  /// A small generator with a seed, so that a failure can be repeated (SplitMix64).
  struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var x = state
      x = (x ^ x >> 30) &* 0xBF58_476D_1CE4_E5B9
      x = (x ^ x >> 27) &* 0x94D0_49BB_1331_11EB
      return x ^ x >> 31
    }
  }

  @Test(arguments: fixtureVersions)
  func `No mutation of the files crashes the checks`(version: String) throws {
    let scratch = try ScratchFolder()
    let original = try files(persistedFolder(of: try scratch.unpack(version)))
    var random = Seeded(state: 42)
    var unnoticed = 0
    for _ in 0..<6000 {
      var mutated = original
      // Mostly the pickle, which has the richest grammar.
      let name = random.next() % 2 == 0 ? HNSWFile.metadata : HNSWFile.allCases.randomElement(using: &random)!
      var bytes = mutated[name]!
      for _ in 0...Int.random(in: 0..<4, using: &random) where !bytes.isEmpty {
        let at = Int.random(in: 0..<min(bytes.count, 20_000), using: &random)
        switch random.next() % 5 {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes.removeLast(bytes.count - at)
        case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
        default: bytes.insert(contentsOf: bytes[..<min(at, 64)], at: at)
        }
      }
      mutated[name] = bytes
      let report = try check(mutated)
      if report.problems.isEmpty { unnoticed += 1 }
      #expect((report.metadata?.labels.count ?? 0) <= bytes.count + 2000)
    }
    // Vectors, lengths and what is unused may change without a trace in the structure.
    #expect(unnoticed < 4000)
  }

  @Test func `Pickles beyond the grammar are refused`() throws {
    let refused: [[UInt8]] = [
      [], [0x2E], [0x80, 3, 0x7D], [0x80, 3, 0x7D, 0x2E, 0x2E], Array("cos\nsystem\n)R.".utf8),
      // A memo entry far away, a string and a number that claim much.
      [0x80, 3, 0x7D, 0x72, 0xFF, 0xFF, 0xFF, 0x7F, 0x2E], [0x80, 3, 0x58, 0xFF, 0xFF, 0xFF, 0xFF, 0x2E],
      [0x80, 3, 0x8D, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x80, 3, 0x8A, 0xFF, 0x2E],
      // Marks without an end.
      [0x80, 3] + [UInt8](repeating: 0x28, count: 1 << 20),
    ]
    for bytes in refused {
      let report = try HNSWValidator.check([.metadata: MemoryFile(bytes)])
      #expect(report.metadata == nil)
      #expect(report.problems.contains { $0.code == .pickle })
    }
  }
}
