import SnapshotFormat
import SnapshotRepository
import SystemIO

/// How figures are written for people.
enum Wording {
  /// `1.4 GiB`: three digits at most before the unit.
  static func bytes(_ count: some BinaryInteger) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    var value = Double(count)
    var unit = 0
    while abs(value) >= 999.5, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return unit == 0 ? "\(count) B" : "\(decimals(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0)) \(units[unit])"
  }

  /// `0.042 s`, `12.3 s`, `3:05 min`, `2:04:00 h`.
  static func duration(_ seconds: Double) -> String {
    if seconds < 1 { return "\(decimals(seconds, 3)) s" }
    if seconds < 60 { return "\(decimals(seconds, seconds < 10 ? 2 : 1)) s" }
    let whole = Int(seconds.rounded())
    if whole < 3600 { return "\(whole / 60):\(padded(whole % 60, 2)) min" }
    return "\(whole / 3600):\(padded(whole / 60 % 60, 2)):\(padded(whole % 60, 2)) h"
  }

  static func percent(_ fraction: Double) -> String { "\(decimals(fraction * 100, 1)) %" }

  static func decimals(_ value: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    let whole = Int64(scaled / scale)
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(whole)" }
    return "\(sign)\(whole).\(padded(Int64(scaled) - whole * Int64(scale), digits))"
  }

  /// `1 file`, `2 files`.
  static func count(_ number: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
    "\(number) \(number == 1 ? one : many ?? one + "s")"
  }

  /// What ends it that snapshots are hurt for good.
  static func ending(_ hurt: [Snapshot]) -> String {
    "remove them for good with `chromasnap forget \(ids(hurt))`, then `chromasnap prune`."
  }

  /// The ids of some snapshots: of very many the first ones.
  static func ids(_ snapshots: [Snapshot]) -> String {
    snapshots.prefix(100).map(\.id.short).joined(separator: " ") + (snapshots.count > 100 ? " ..." : "")
  }
}
