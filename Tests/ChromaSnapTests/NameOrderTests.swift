import SeededNumbers
import SystemIO
import Testing

/// The order of names in a tree.
struct NameOrderTests {
  @Test func `Names are sorted by their bytes, whatever they have in common`() {
    var random = SeededGenerator(41)
    var names: [[UInt8]] = [[], [1], [255], Array("a".utf8), Array("a".utf8), Array(repeating: 255, count: 300)]
    for start in ["", "a", "abcdefg", "abcdefgh", "abcdefghi", "ä"] {
      for _ in 0..<40 {
        names.append(Array(start.utf8) + (0..<random.int(0..<5)).map { _ in UInt8(random.int(1..<4) * 85) })
      }
    }
    names.shuffle(using: &random)
    #expect(names.sortedAsNames() == names.sorted { $0.lexicographicallyPrecedes($1) })
    #expect(names.sortedAsNames() == names.sorted(by: nameOrder))
  }
}
