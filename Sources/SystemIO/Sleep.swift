#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Lets this thread rest.
package func sleepFor(seconds: Double) {
  usleep(useconds_t(min(max(seconds, 0), 900) * 1e6))
}
