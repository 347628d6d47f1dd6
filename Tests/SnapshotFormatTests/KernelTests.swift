import CKernels
import SeededNumbers
import Testing

/// The C functions, which have a form for each kind of processor, against what they are defined as.
struct KernelTests {
  // MARK: Hashes under a key

  /// A block's two sums: of the products of neighbouring words of 32 bits, each with a word of the key added.
  private func products(_ block: [UInt8], _ key: [UInt64]) -> [UInt64] {
    (0..<2).map { shift in
      (0..<block.count / 8).reduce(0) { sum, i in
        let word = block[8 * i..<8 * i + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let secret = key[i + shift]
        let low = UInt32(truncatingIfNeeded: word) &+ UInt32(truncatingIfNeeded: secret)
        let high = UInt32(truncatingIfNeeded: word >> 32) &+ UInt32(truncatingIfNeeded: secret >> 32)
        return sum &+ UInt64(low) &* UInt64(high)
      }
    }
  }

  /// The bytes in blocks, the last one filled up with zeros.
  private func blocks(_ bytes: [UInt8], of length: Int) -> [[UInt8]] {
    stride(from: 0, to: bytes.count, by: length).map { start in
      let block = bytes[start..<min(bytes.count, start + length)]
      return block + [UInt8](repeating: 0, count: length - block.count)
    }
  }

  @Test(arguments: [0, 1, 4095, 4096, 12_289]) func fingerprintsAreWhatTheyAreDefinedAs(length: Int) {
    var generator = SeededGenerator(31)
    let bytes = generator.bytes(length)
    let words = Int(CKERNELS_FINGERPRINT_BLOCK) / 8
    let keys = (0..<2).map { _ in (0..<words + 1 + 2 * 4).map { _ in UInt64.random(in: 0 ... .max, using: &generator) }
    }
    func expected(_ key: [UInt64]) -> (whole: [UInt64], blocks: [UInt64]) {
      var sum: UInt128 = 0
      var parts: [UInt64] = []
      for (number, block) in blocks(bytes, of: words * 8).enumerated() {
        let part = products(block, key)
        parts += part
        let secret = key[(words + 1 + 2 * number)...].prefix(2).map(\.self)
        sum &+= UInt128(part[0] &+ secret[0]) &* UInt128(part[1] &+ secret[1])
      }
      return ([UInt64(truncatingIfNeeded: sum), UInt64(truncatingIfNeeded: sum >> 64)], parts)
    }
    let wanted = keys.map(expected)

    var single: [UInt64] = [0, 0], first = single, second = single
    var singleBlocks = [UInt64](repeating: 0, count: wanted[0].blocks.count), pairBlocks = singleBlocks
    unsafe ckernels_fingerprint(bytes, length, keys[0], &single, &singleBlocks)
    unsafe ckernels_fingerprint_pair(bytes, length, keys[0], keys[1], &first, &second, &pairBlocks)
    #expect(single == wanted[0].whole)
    #expect(first == wanted[0].whole)
    #expect(second == wanted[1].whole)
    #expect(singleBlocks == wanted[0].blocks)
    #expect(pairBlocks == wanted[0].blocks)
  }

  @Test(arguments: [0, 1, 511, 512, 5000]) func blockHashesAreWhatTheyAreDefinedAs(length: Int) {
    var generator = SeededGenerator(32)
    let bytes = generator.bytes(length)
    let key = (0..<Int(CKERNELS_BLOCK_HASH_KEY_WORDS)).map { _ in UInt64.random(in: 0 ... .max, using: &generator) }
    let words = Int(CKERNELS_HASHED_BLOCK) / 8
    func wide(_ at: Int) -> UInt128 { UInt128(key[words + 2 + at]) << 64 | UInt128(key[words + 1 + at]) }
    let expected = blocks(bytes, of: words * 8).map { block in
      let part = products(block, key)
      let product = (wide(0) &+ UInt128(part[1])) &* (wide(2) &+ UInt128(part[0])) &+ wide(4)
      return UInt64(truncatingIfNeeded: product >> 64)
    }
    var hashes = [UInt64](repeating: 0, count: expected.count)
    unsafe ckernels_block_hashes(bytes, length, key, &hashes)
    #expect(hashes == expected)
  }

  // MARK: Exponents

  @Test(arguments: Array(0..<100) + [1000]) func exponentsAndTheRestAreTakenAndNothingMoreIsWritten(count: Int) {
    var generator = SeededGenerator(33)
    let values = (0..<count).map { _ in UInt32.random(in: 0 ... .max, using: &generator) }
    let words = values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    let rotated = values.map { $0 << 1 | $0 >> 31 }
    let guarded = [UInt8](repeating: 0xA5, count: 64)
    var exponents = [UInt8](repeating: 0, count: count) + guarded
    var rest = [UInt8](repeating: 0, count: 3 * count) + guarded
    unsafe ckernels_take_exponents(words, count, &exponents)
    unsafe ckernels_take_rest(words, count, &rest)
    #expect(exponents == rotated.map { UInt8($0 >> 24) } + guarded)
    #expect(rest == rotated.flatMap { value in (0..<3).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } } + guarded)
    var joined = [UInt8](repeating: 0, count: 4 * count) + guarded
    unsafe ckernels_join_exponents(exponents, rest, count, &joined)
    #expect(joined == words + guarded)
  }
}
