/// A reproducible source of random numbers: the same seed gives the same test.
///
/// Source: G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014 (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  package init(_ seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension SeededGenerator {
  package mutating func int(_ range: Range<Int>) -> Int { Int.random(in: range, using: &self) }

  package mutating func chance(_ oneIn: Int) -> Bool { int(0..<oneIn) == 0 }

  /// Incompressible bytes.
  package mutating func bytes(_ count: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(count + 8)
    while result.count < count {
      let word = next()
      for shift in stride(from: UInt64(0), to: 64, by: 8) { result.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }
    result.removeSubrange(count...)
    return result
  }

  /// What pages of an SQLite database look like: short records of words with small integers between them.
  package mutating func text(_ count: Int) -> [UInt8] {
    let words = ["the", "vector", "index", "document", "chroma", "metadata", "of", "and", "embedding", "seq", "query"]
    var result: [UInt8] = []
    result.reserveCapacity(count + 16)
    while result.count < count {
      if chance(24) { result += [0x0D, 0, 0, UInt8(int(0..<9)), UInt8(int(0..<256)), UInt8(int(0..<256)), 0, 0x81] }
      result += Array(words[int(0..<words.count)].utf8)
      result.append(0x20)
    }
    result.removeSubrange(count...)
    return result
  }

  /// Components of unit vectors as float32, little-endian.
  package mutating func floats(_ count: Int) -> [UInt8] {
    words(count) { generator in
      let bell = (0..<6).reduce(0.0) { sum, _ in sum + Double.random(in: -1...1, using: &generator) }
      return Float(bell / 28).bitPattern
    }
  }

  /// Ids of an HNSW index's neighbours: 32-bit integers of a small range.
  package mutating func neighbours(_ count: Int) -> [UInt8] {
    words(count) { UInt32.random(in: 0..<240_000, using: &$0) }
  }

  private mutating func words(_ count: Int, _ word: (inout SeededGenerator) -> UInt32) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(count + 4)
    while result.count < count {
      let value = word(&self)
      for shift in stride(from: UInt32(0), to: 32, by: 8) { result.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
    result.removeSubrange(count...)
    return result
  }

  /// Bytes of any of these kinds.
  package mutating func anything(_ count: Int) -> [UInt8] {
    switch int(0..<6) {
    case 0: bytes(count)
    case 1: text(count)
    case 2: floats(count)
    case 3: neighbours(count)
    case 4: [UInt8](repeating: UInt8(int(0..<256)), count: count)
    default: text(count / 2) + floats(count - count / 2)
    }
  }

  /// The bytes with something about them changed: what a bad disk, a bug or an enemy does.
  package mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
    var result = bytes
    for _ in 0..<int(1..<4) {
      guard !result.isEmpty else { return [UInt8(int(0..<256))] }
      let at = int(0..<result.count)
      switch int(0..<8) {
      case 0, 1: result[at] ^= 1 << UInt8(int(0..<8))
      case 2: result[at] = [0, 1, 0x7F, 0x80, 0xFF, UInt8(int(0..<256))][int(0..<6)]
      case 3: result.removeSubrange(at...)
      case 4: result.removeSubrange(at..<min(result.count, at + int(1..<9)))
      case 5: result.insert(contentsOf: self.bytes(int(1..<9)), at: at)
      case 6:
        let value: UInt8 = chance(2) ? 0xFF : 0
        for i in at..<min(result.count, at + [2, 4, 8][int(0..<3)]) { result[i] = value }
      default: result.insert(contentsOf: result[at..<min(result.count, at + int(1..<65))], at: at)
      }
    }
    return result
  }
}
