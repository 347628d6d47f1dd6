#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A moment by the wall clock: seconds since 1970-01-01 UTC and nanoseconds within the second.
public struct Timestamp: Hashable, Comparable, Sendable {
  public var seconds: Int64
  /// 0 ..< 1_000_000_000.
  public var nanoseconds: UInt32

  public init(seconds: Int64, nanoseconds: UInt32 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  public static func < (a: Timestamp, b: Timestamp) -> Bool {
    a.seconds == b.seconds ? a.nanoseconds < b.nanoseconds : a.seconds < b.seconds
  }

  /// The wall clock's time now.
  public static var now: Timestamp {
    var value = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &value)
    return Timestamp(seconds: Int64(value.tv_sec), nanoseconds: UInt32(value.tv_nsec))
  }

  /// Seconds from `earlier` to this moment; negative where it is later.
  public func seconds(since earlier: Timestamp) -> Double {
    Double(seconds - earlier.seconds) + (Double(nanoseconds) - Double(earlier.nanoseconds)) * 1e-9
  }

  /// This moment moved by a number of whole seconds.
  public func advanced(bySeconds delta: Int64) -> Timestamp {
    Timestamp(seconds: seconds &+ delta, nanoseconds: nanoseconds)
  }
}

/// Measures a span of time by the monotonic clock, which no change of the wall clock touches.
package struct Stopwatch: Sendable {
  private let start = ContinuousClock.now

  package init() {}

  /// Seconds since the stopwatch was made.
  package var seconds: Double {
    let (whole, atto) = (ContinuousClock.now - start).components
    return Double(whole) + Double(atto) * 1e-18
  }
}
