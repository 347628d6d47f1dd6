/// What a block is like, told from samples: how to code it. Only the bytes decide, so that archives are reproducible.
enum BlockShape {
  /// Repeats itself: search for matches.
  case repetitive
  /// Has no matches worth their time, but frequent bytes: code those shorter (`Z_HUFFMAN_ONLY`). Float vectors are like
  /// that; searching takes four times as long there and makes nothing smaller.
  case skewed
  /// Nothing to gain: keep it as it is.
  case random

  /// Bytes of a trial piece.
  static let pieceBytes = 4 << 10
  /// Shorter blocks are not examined.
  private static let leastBytes = 16 << 10
  private static let sampleBytes = 1 << 10
  private static let samples = 4

  /// Two looks, each at a few kilobytes. First the chance that two bytes of the block are equal: text and tables are beyond
  /// ten times what random bytes have, and need no second look. Else two pieces are coded in both ways.
  ///
  /// - Parameter trial: The size of a piece when coded as a shape.
  init(of block: UnsafeRawBufferPointer, trial: (UnsafeRawBufferPointer, BlockShape) -> Int) {
    self = .repetitive
    guard block.count >= Self.leastBytes, unsafe !Self.looksRepetitive(block) else { return }
    var (matched, coded) = (0, 0)
    for third in 1...2 {
      // Odd places: at the starts of pages the headers of a database would speak for its content.
      let start = block.count * third / 3 - Self.pieceBytes / 2 | 1
      let piece = unsafe UnsafeRawBufferPointer(rebasing: block[start..<start + Self.pieceBytes])
      unsafe matched += trial(piece, .repetitive)
      unsafe coded += trial(piece, .skewed)
    }
    let whole = 2 * Self.pieceBytes
    if min(matched, coded) * 1000 >= whole * 985 {
      self = .random
    } else if coded * 97 <= matched * 100 {
      self = .skewed
    }
  }

  private static func looksRepetitive(_ block: UnsafeRawBufferPointer) -> Bool {
    let total = samples * sampleBytes
    return unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 256) { counts in
      unsafe counts.initialize(repeating: 0)
      for i in 0..<samples {
        let start = (block.count - sampleBytes) / samples * i + 257
        for at in start..<start + sampleBytes { unsafe counts[Int(block[at])] += 1 }
      }
      var pairs = 0
      for i in 0..<256 { unsafe pairs += Int(counts[i]) * Int(counts[i]) }
      return pairs * 256 > total * total * 10
    }
  }
}
