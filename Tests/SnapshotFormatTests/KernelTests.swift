import CKernels
import CZlib
import KernelForms
import SeededNumbers
import Testing

/// The C functions, in the form for each kind of processor, against what they are defined as.
struct KernelTests {
  /// A form's name, and how to get at it.
  enum Form: CaseIterable {
    case chosen, narrow, portable

    var functions: kernel_forms {
      switch self {
      case .chosen: unsafe kernel_forms_chosen
      case .narrow: unsafe kernel_forms_narrow
      case .portable: unsafe kernel_forms_portable
      }
    }
  }

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

  @Test(arguments: Form.allCases, [0, 1, 4095, 4096, 12_289])
  func fingerprintsAreWhatTheyAreDefinedAs(form: Form, length: Int) {
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
    unsafe form.functions.fingerprint(bytes, length, keys[0], &single, &singleBlocks)
    unsafe form.functions.fingerprint_pair(bytes, length, keys[0], keys[1], &first, &second, &pairBlocks)
    #expect(single == wanted[0].whole)
    #expect(first == wanted[0].whole)
    #expect(second == wanted[1].whole)
    #expect(singleBlocks == wanted[0].blocks)
    #expect(pairBlocks == wanted[0].blocks)
  }

  @Test(arguments: Form.allCases, [0, 1, 511, 512, 5000])
  func blockHashesAreWhatTheyAreDefinedAs(form: Form, length: Int) {
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
    unsafe form.functions.block_hashes(bytes, length, key, &hashes)
    #expect(hashes == expected)
  }

  // MARK: Planes and exponents

  /// Lengths that leave every remainder of what is taken at a time.
  static let counts = Array(0..<100) + [1000]
  /// What follows an output and must stay as it is.
  private let guarded = [UInt8](repeating: 0xA5, count: 64)

  private func byte(_ number: Int, of value: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: value >> (8 * number)) }

  @Test(arguments: Form.allCases, counts)
  func planesAreSplitAndJoinedAndNothingMoreIsWritten(form: Form, count: Int) {
    var generator = SeededGenerator(34)
    let values = (0..<count).map { _ in UInt32.random(in: 0 ... .max, using: &generator) }
    let words = values.flatMap { value in (0..<4).map { byte($0, of: value) } }
    var planes = [UInt8](repeating: 0, count: 4 * count) + guarded, joined = planes
    unsafe form.functions.split_planes(words, count, &planes)
    #expect(planes == (0..<4).flatMap { number in values.map { byte(number, of: $0) } } + guarded)
    unsafe form.functions.join_planes(planes, count, &joined)
    #expect(joined == words + guarded)
  }

  @Test(arguments: Form.allCases, counts)
  func exponentsAndTheRestAreTakenAndNothingMoreIsWritten(form: Form, count: Int) {
    var generator = SeededGenerator(33)
    let values = (0..<count).map { _ in UInt32.random(in: 0 ... .max, using: &generator) }
    let words = values.flatMap { value in (0..<4).map { byte($0, of: value) } }
    let rotated = values.map { $0 << 1 | $0 >> 31 }
    var exponents = [UInt8](repeating: 0, count: count) + guarded
    var rest = [UInt8](repeating: 0, count: 3 * count) + guarded
    unsafe form.functions.take_exponents(words, count, &exponents)
    unsafe form.functions.take_rest(words, count, &rest)
    #expect(exponents == rotated.map { UInt8($0 >> 24) } + guarded)
    #expect(rest == rotated.flatMap { value in (0..<3).map { byte($0, of: value) } } + guarded)
    var joined = [UInt8](repeating: 0, count: 4 * count) + guarded
    unsafe form.functions.join_exponents(exponents, rest, count, &joined)
    #expect(joined == words + guarded)
  }

  // MARK: CRC-32

  @Test(arguments: Form.allCases) func checksumsAreThoseOfZlib(form: Form) {
    var generator = SeededGenerator(35)
    let bytes = generator.bytes(1500)
    for length in 0...bytes.count {
      var crc: UInt32 = 0x1234_5678
      let done = unsafe form.functions.crc32(&crc, bytes, length)
      let all = form != .portable && length >= 64
      #expect(done == 0 || (all && length - done < 16))
      #expect(unsafe uLong(crc) == crc32_z(0x1234_5678, bytes, done))
    }
  }
}
