/// From where on something is worth a warning, or worse.
public struct StatusThresholds: Hashable, Sendable {
  /// Seconds since the last good snapshot.
  public var warnAge: Double = 26 * 3600
  public var criticalAge: Double = 50 * 3600
  /// How many times larger or smaller than the median of the recent ones a snapshot may be.
  public var sizeFactor: Double = 2
  /// Which part of its records a collection may lose.
  public var maxDrop: Double = 0.2
  /// How many snapshots before the last one it is compared with.
  public var recent = 10
  /// Bytes that must be free. Whatever it is, the next snapshot must have room.
  public var minFree: UInt64 = 0
  /// Seconds since the last drill, and the last check that read everything; `nil`: they may be any age.
  public var drillAge: Double?
  public var checkAge: Double?

  public init() {}
}
