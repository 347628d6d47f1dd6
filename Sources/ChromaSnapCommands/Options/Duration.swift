import ArgumentParser

/// A length of time as people write it: `90`, `90s`, `5m`, `2h`, `7d`, `2w`; a century at most.
package struct Duration: ExpressibleByArgument, Sendable {
  package let seconds: Double

  /// Who waits longer means something else, and no count of nanoseconds holds much more.
  private static let longest = 100 * 365.25 * 86_400

  init(seconds: Double) { self.seconds = seconds }

  /// - Returns: `nil` where it is out of bounds.
  package init?(bounding seconds: Double) {
    guard (0...Self.longest).contains(seconds) else { return nil }
    self.seconds = seconds
  }

  package init?(argument: String) {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
    let unit = argument.last.flatMap { units[$0] }
    guard let number = Double(unit == nil ? argument : String(argument.dropLast())) else { return nil }
    self.init(bounding: number * (unit ?? 1))
  }

  package var defaultValueDescription: String {
    let units: [(String, Double)] = [("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60)]
    // As the next smaller unit below two of a kind: 60s, 36h.
    let fitting = units.first { seconds >= 2 * $0.1 && seconds.remainder(dividingBy: $0.1) == 0 }
    let (unit, length) = fitting ?? ("s", 1)
    let count = seconds / length
    return count == count.rounded() ? "\(Int(count))\(unit)" : "\(count)\(unit)"
  }
}
