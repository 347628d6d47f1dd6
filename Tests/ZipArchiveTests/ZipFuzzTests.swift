import SeededNumbers
import Testing
import ZipArchive

/// Damaged archives, thousands of them: each is refused, or gives what was put in. Never a crash, never more memory than the
/// limits allow.
@Suite struct ZipFuzzTests {
  @Test(arguments: 0..<8)
  func damagedArchivesAreRefusedOrRight(seed: Int) throws {
    var numbers = SeededGenerator(UInt64(seed) + 99)
    let originals = try originals(&numbers)
    var limits = ZipLimits()
    limits.totalBytes = 32 << 20
    for round in 0..<400 {
      let original = originals[round % originals.count]
      let damaged = damage(original.bytes, &numbers)
      do throws(ZipError) {
        let found = try members(of: damaged, limits: limits)
        for member in found {
          guard let known = original.contents[member.entry.name] else { continue }
          #expect(member.bytes == known, "seed \(seed), round \(round), \(member.entry.nameText)")
        }
      } catch { #expect(!error.description.isEmpty) }
    }
  }

  private struct Original {
    var bytes: [UInt8]
    var contents: [[UInt8]: [UInt8]]
  }

  private func originals(_ numbers: inout SeededGenerator) throws -> [Original] {
    let many = (0..<20).map { Member("f/\($0)", Sample.text.bytes(50 * $0, &numbers)) }
    let streamed = [Member("a", [1]), Member("zeros", [UInt8](repeating: 0, count: 5 << 20)), Member("b", [2])]
    let stored = [Member("random", Sample.random.bytes(3000, &numbers)), Member("d", kind: .directory)]
    var long = Crafted("crafted", [1, 2, 3])
    long.centralExtra =
      little(UInt16(0x5455)) + little(UInt16(5)) + [1, 0, 0, 0, 0] + little(UInt16(10)) + little(UInt16(32))
      + little(UInt32(0)) + little(UInt16(1)) + little(UInt16(24)) + [UInt8](repeating: 9, count: 24)
    return try [many, streamed, stored].map {
      Original(
        bytes: try archive($0, workers: 1),
        contents: Dictionary(uniqueKeysWithValues: $0.map { ($0.entry.name, $0.bytes) }))
    } + [Original(bytes: Crafted.archive([long]), contents: [long.name: long.bytes])]
  }

  /// One to four changes of the kinds that break parsers.
  private func damage(_ original: [UInt8], _ numbers: inout SeededGenerator) -> [UInt8] {
    var bytes = original
    for _ in 0..<Int.random(in: 1...4, using: &numbers) where bytes.count > 8 {
      // Half of them among the directory and the end records, where the structure is.
      let tail = min(bytes.count - 5, Bool.random(using: &numbers) ? 22 : 400)
      let place =
        Bool.random(using: &numbers)
        ? Int.random(in: 0..<bytes.count - 4, using: &numbers)
        : Int.random(in: bytes.count - 4 - tail..<bytes.count - 4, using: &numbers)
      switch Int.random(in: 0..<7, using: &numbers) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
      case 1: bytes[place] = UInt8.random(in: 0...255, using: &numbers)
      case 2: for i in 0..<4 { bytes[place + i] = 0xFF }
      case 3: for i in 0..<4 { bytes[place + i] = 0 }
      case 4: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...64, using: &numbers)))
      case 5:
        let from = Int.random(in: 0..<bytes.count, using: &numbers)
        bytes.insert(contentsOf: Array(bytes[from..<min(bytes.count, from + 64)]), at: place)
      default: bytes.removeLast(min(bytes.count, Int.random(in: 1...40, using: &numbers)))
      }
    }
    return bytes
  }
}
