#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Whether two runs of bytes are the same.
package func equal(_ a: RawSpan, _ b: RawSpan) -> Bool {
  guard a.byteCount == b.byteCount else { return false }
  return unsafe a.withUnsafeBytes { x in
    unsafe b.withUnsafeBytes { y in unsafe x.count == 0 || memcmp(x.baseAddress!, y.baseAddress!, x.count) == 0 }
  }
}
