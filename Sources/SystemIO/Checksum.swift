import CKernels
import CZlib

/// CRC-32 (ISO-HDLC, polynomial 0x04C11DB7 reflected: that of ZIP, gzip and zlib).
package enum Checksum {
  /// The checksum of bytes, after others whose checksum is `crc`. With the processor's carry-less multiplication four
  /// times as fast as zlib, which does the rest.
  package static func crc32(_ bytes: UnsafeRawBufferPointer, after crc: UInt32 = 0) -> UInt32 {
    guard let start = unsafe bytes.bindMemory(to: UInt8.self).baseAddress else { return crc }
    var state = crc
    let done = unsafe ckernels_crc32(&state, start, bytes.count)
    guard done < bytes.count else { return state }
    return unsafe UInt32(truncatingIfNeeded: crc32_z(uLong(state), start + done, bytes.count - done))
  }

  /// The checksum of two runs of bytes joined, the second of them `count` long.
  package static func joined(_ first: UInt32, _ second: UInt32, count: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: crc32_combine(uLong(first), uLong(second), count))
  }
}
