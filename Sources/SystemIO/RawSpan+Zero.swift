#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension RawSpan {
  /// Whether there are bytes, and all of them are zero.
  package var isZero: Bool {
    unsafe withUnsafeBytes { bytes in
      // Comparing a run with itself one byte on is the C library's fastest loop.
      guard let start = bytes.baseAddress, bytes.count > 0, unsafe bytes[0] == 0 else { return false }
      return unsafe memcmp(start, start + 1, bytes.count - 1) == 0
    }
  }
}
