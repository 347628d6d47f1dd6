/// Lengths of time and amounts, in few words.
enum StatusWording {
  /// `3 d 4 h`, `2 h 5 min`, `7 min`, `40 s`.
  static func age(_ seconds: Double) -> String {
    let whole = Int64(max(0, min(seconds, 1e15)))
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min" }
    if whole < 86_400 { return "\(whole / 3600) h \(whole / 60 % 60) min" }
    return "\(whole / 86_400) d \(whole / 3600 % 24) h"
  }

  static func mebibytes(_ bytes: UInt64) -> String { "\(bytes >> 20) MiB" }
}
