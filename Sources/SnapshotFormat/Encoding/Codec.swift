#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How a chunk's plaintext is turned into its stored form. Version 1 has these five; any other needs a reader feature in
/// the repository's config.
package enum Codec: UInt8, Sendable, CaseIterable {
  /// The plaintext itself.
  case raw = 0
  /// One zstd frame.
  case zstd = 1
  /// Four byte planes of 32-bit words, in one zstd frame: for integers.
  case planes = 2
  /// The exponents of float32 values in a zstd frame, everything else raw: for vectors.
  case exponents = 3
  /// The difference to a base chunk.
  case patch = 4
}

/// A stored form: the codec and the parameter that its decoder needs.
package struct Encoding: Hashable, Sendable {
  package var codec: Codec
  /// For `planes` and `exponents`: how many bytes (0 to 3) come before the first whole 32-bit word.
  package var phase: UInt8

  package init(_ codec: Codec, phase: UInt8 = 0) {
    self.codec = codec
    self.phase = phase
  }
}

/// Looks at a sample of a chunk and says which codec is likely to win.
///
/// Counts the bytes of about a thousand 32-bit words by their place in the word, and estimates from the entropies. They are
/// taken in runs, since every run costs a line of the processor's cache; the stride is an odd number of runs, so that it
/// never falls on the same offset of every page or record. O(1).
enum EncodingProbe {
  /// Bytes that are looked at together.
  private static let runBytes = 32

  /// Whether nearly all of some 512 bytes, in runs evenly spread, are printable ASCII or line ends: then no more need be known.
  private static func isText(_ chunk: RawSpan) -> Bool {
    unsafe chunk.withUnsafeBytes { bytes in
      var (sampled, printable) = (0, 0)
      eachRun(of: bytes.count, about: 16) { run in
        for i in run {
          let byte = unsafe bytes[i]
          if byte &- 0x20 < 0x5F || byte &- 9 < 2 { printable += 1 }
        }
        sampled += run.count
      }
      return printable * 10 >= sampled * 9
    }
  }

  /// Calls `body` with ranges of `runBytes` bytes, evenly spread over `count`: with fewer than twice `runs`.
  private static func eachRun(of count: Int, about runs: Int, _ body: (Range<Int>) -> Void) {
    let stride = max(1, count / runBytes / runs | 1) * runBytes
    var start = 0
    while start < count {
      body(start..<min(start + runBytes, count))
      start += stride
    }
  }

  /// n · log2 n of every count that there can be: logarithms took most of the time of a look.
  private static let weights = [0] + (1...8192).map { Double($0) * log2(Double($0)) }

  /// Calls `body` with about a thousand words of a chunk.
  private static func withSample<Result>(
    _ chunk: RawSpan, from phase: Int, words: Int, _ body: (UnsafeBufferPointer<UInt32>) -> Result
  ) -> Result {
    let runs = 128
    return unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * runs * runBytes / 4) { sample in
      // Together first: looking at each would wait for memory, run by run.
      var count = 0
      unsafe chunk.withUnsafeBytes { bytes in
        eachRun(of: 4 * words, about: runs) { run in
          unsafe UnsafeMutableRawPointer(sample.baseAddress! + count).copyMemory(
            from: bytes.baseAddress! + phase + run.lowerBound, byteCount: run.count)
          count += run.count / 4
        }
      }
      return unsafe body(UnsafeBufferPointer(rebasing: sample[..<count]))
    }
  }

  static func choose(_ chunk: RawSpan, phase: Int) -> Codec {
    let words = (chunk.byteCount - phase) / 4
    guard words >= 1024, !isText(chunk) else { return .zstd }
    return unsafe withSample(chunk, from: phase, words: words) { unsafe choose(byWords: $0) }
  }

  private static func choose(byWords sample: UnsafeBufferPointer<UInt32>) -> Codec {
    unsafe withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 5 * 256) { counts in
      unsafe counts.initialize(repeating: 0)
      for i in 0..<sample.count {
        let word = UInt32(littleEndian: unsafe sample[i])
        for plane in 0..<4 {
          let byte = Int(truncatingIfNeeded: word >> UInt32(8 * plane)) & 255
          unsafe counts[plane * 256 + byte] &+= 1
        }
        unsafe counts[4 * 256 + Int(truncatingIfNeeded: (word << 1) >> 24)] &+= 1
      }
      let sampled = sample.count
      let weights = Self.weights
      func entropy(of total: Int, _ count: (_ byte: Int) -> UInt16) -> Double {
        var sum = 0.0
        for byte in 0..<256 { sum += weights[Int(count(byte))] }
        return log2(Double(total)) - sum / Double(total)
      }
      let planes = (0..<4).map { plane in entropy(of: sampled) { unsafe counts[plane * 256 + $0] } }
      let exponent = entropy(of: sampled) { unsafe counts[4 * 256 + $0] }
      // A uniform byte comes out at about 7.8 bits in a sample of a thousand.
      let noise = planes.filter { $0 > 7.3 }.count
      if noise == 4 && exponent > 7.3 { return .raw }
      let separate = planes.reduce(0, +)
      // Coding the exponents alone is about three times as fast as coding four planes, and worth a bit and a half of 32.
      // Integers of a small range fill the lower two bytes as vectors do, but their third byte costs next to nothing.
      if planes[0] > 7.3 && planes[1] > 7.3 && exponent < 6.5 && 24 + exponent < separate + 1.5 { return .exponents }
      let mixed = entropy(of: 4 * sampled) { byte in
        unsafe counts[byte] + counts[256 + byte] + counts[512 + byte] + counts[768 + byte]
      }
      if separate / 4 < mixed - 0.8 { return .planes }
      return .zstd
    }
  }
}
