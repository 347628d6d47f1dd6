import CMeasurement
import Foundation
import SystemIO

/// How fast a part works, and what it could reach.
struct Rate {
  var part: String
  /// Per second: bytes, or times.
  var measured: Double
  /// What limits it, and that one's rate in the same unit.
  var ceiling: String
  var limit: Double
  var unit: String = "MB/s"

  /// Runs `work` for about a third of a second, three times after one that does not count.
  /// - Parameter amount: What one call gets done.
  /// - Returns: The median of amount per second of this thread's processor time.
  static func of(_ amount: Int, _ work: () throws -> Void) rethrows -> Double {
    var rates: [Double] = []
    for sample in 0..<4 {
      let start = processorSeconds()
      var done = 0
      repeat {
        try work()
        done += amount
      } while processorSeconds() - start < (sample == 0 ? 0.05 : 0.3)
      if sample > 0 { rates.append(Double(done) / (processorSeconds() - start)) }
    }
    return median(rates) ?? 0
  }

  /// The same by the clock, for what other threads or the disk do.
  static func ofWall(_ amount: Int, _ work: () throws -> Void) rethrows -> Double {
    var rates: [Double] = []
    for sample in 0..<4 {
      let stopwatch = Stopwatch()
      try work()
      if sample > 0 { rates.append(Double(amount) / stopwatch.seconds) }
    }
    return median(rates) ?? 0
  }

  private static func processorSeconds() -> Double {
    var value = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &value)
    return Double(value.tv_sec) + Double(value.tv_nsec) * 1e-9
  }
}

/// Bytes like those that the parts meet.
struct Samples {
  static let bytes = 16 << 20
  static let chunkBytes = 256 << 10

  let text: [UInt8]
  /// Unit vectors' components.
  let floats: [UInt8]
  /// Neighbour lists: small numbers in 32 bits.
  let links: [UInt8]
  /// `text` with one block of 512 bytes in 50 replaced.
  let changedText: [UInt8]

  init() {
    var random = SplitMix(seed: 12)
    let words = (0..<3000).map { _ in
      (0..<Int.random(in: 2...10, using: &random)).map { _ in UInt8.random(in: 0x61...0x7a, using: &random) } + [0x20]
    }
    var text: [UInt8] = []
    text.reserveCapacity(Self.bytes + 16)
    while text.count < Self.bytes {
      text += words[min(Int.random(in: 0..<3000, using: &random), Int.random(in: 0..<3000, using: &random))]
    }
    text.removeLast(text.count - Self.bytes)
    self.text = text
    let count = Self.bytes / 4
    let values = (0..<count).map { _ in
      Float((0..<4).reduce(0.0) { sum, _ in sum + Double.random(in: -1...1, using: &random) } * 0.045)
    }
    floats = values.withUnsafeBytes { Array($0) }
    let neighbours = (0..<count).map { UInt32(($0 / 32 * 40 + Int.random(in: 0..<3000, using: &random)) % 240_000) }
    links = neighbours.withUnsafeBytes { Array($0) }
    for block in stride(from: 0, to: Self.bytes / 512, by: 50) {
      for at in 0..<24 { text[block * 512 + 100 + at] = UInt8.random(in: 0x61...0x7a, using: &random) }
    }
    changedText = text
  }

  /// Calls `body` with each chunk's range.
  static func forEachChunk(_ body: (Range<Int>) throws -> Void) rethrows {
    for start in stride(from: 0, to: bytes, by: chunkBytes) { try body(start..<start + chunkBytes) }
  }
}
