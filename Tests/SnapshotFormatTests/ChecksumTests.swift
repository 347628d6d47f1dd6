import CZlib
import SystemIO
import Testing

/// The fast path against zlib's own function.
struct ChecksumTests {
  @Test func isTheOneOfZlibAtEveryLengthAndAlignment() {
    let bytes = (0..<1500).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 7) }
    unsafe bytes.withUnsafeBytes { all in
      for start in 0..<5 {
        for count in Array(0..<900) + [1024, 1400] {
          let part = unsafe UnsafeRawBufferPointer(rebasing: all[start..<start + count])
          let seed = UInt32(truncatingIfNeeded: count &* 0x9E37_79B1)
          let expected = unsafe UInt32(
            truncatingIfNeeded: crc32_z(uLong(seed), part.bindMemory(to: UInt8.self).baseAddress, count))
          #expect(unsafe Checksum.crc32(part, after: seed) == expected, "\(count) bytes from \(start)")
        }
      }
    }
  }

  @Test func isTheStandardsCheckValue() {
    unsafe Array("123456789".utf8).withUnsafeBytes { unsafe #expect(Checksum.crc32($0) == 0xCBF4_3926) }
  }
}
