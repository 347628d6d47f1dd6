import SystemIO

/// When a schedule runs: in every form that cron, systemd, launchd and Windows all know.
enum Recurrence: Hashable, Sendable {
  /// At minutes that divide the hour.
  case minutes(Int)
  /// On the hour, at hours that divide the day.
  case hours(Int)
  /// Every day at these times.
  case daily([Clock])
  case weekly(Weekday, Clock)
  /// On this day of each month.
  case monthly(day: Int, Clock)

  struct Clock: Hashable, Sendable {
    var hour: Int
    var minute: Int

    init(_ hour: Int, _ minute: Int) { (self.hour, self.minute) = (hour, minute) }

    /// `02:30`.
    init?(_ text: Substring) {
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2, let hour = Int(parts[0]), let minute = Int(parts[1]), parts[1].utf8.count == 2,
        (0...23).contains(hour), (0...59).contains(minute)
      else { return nil }
      self.init(hour, minute)
    }

    var text: String { "\(padded(hour, 2)):\(padded(minute, 2))" }
  }

  enum Weekday: Int, CaseIterable, Sendable {
    case sunday = 0
    case monday, tuesday, wednesday, thursday, friday, saturday

    /// `mon`, `monday`.
    init?(_ text: Substring) {
      let name = text.lowercased()
      guard let found = Self.allCases.first(where: { name == $0.name || name == $0.name.prefix(3) }) else { return nil }
      self = found
    }

    var name: String { "\(self)" }
    /// `Mon`.
    var short: String { title.prefix(3).description }
    var title: String { name.prefix(1).uppercased() + name.dropFirst() }
  }

  /// When nothing else is said: in the night.
  static let usualTime = Clock(2, 30)

  /// `15m`, `1h`, `hourly`, `daily`, `02:30`, `02:30,14:30`, `weekly`, `sun 03:00`, `monthly`, `monthly 1 03:00`.
  init?(_ text: String) {
    let words = text.lowercased().split(separator: " ")
    guard let first = words.first else { return nil }
    let clock = words.count > 1 ? Clock(words[words.count - 1]) : Self.usualTime
    guard let clock else { return nil }
    switch (first, words.count) {
    case ("hourly", 1): self = .hours(1)
    case ("daily", 1...2), ("1d", 1): self = .daily([clock])
    case ("weekly", 1...2): self = .weekly(.sunday, clock)
    case ("monthly", 1...2): self = .monthly(day: 1, clock)
    case ("monthly", 3):
      guard let day = Int(words[1]), (1...28).contains(day) else { return nil }
      self = .monthly(day: day, clock)
    default:
      if let day = Weekday(first), words.count <= 2 {
        self = .weekly(day, clock)
      } else if words.count == 1, let found = Self.interval(first) ?? Self.times(first) {
        self = found
      } else {
        return nil
      }
    }
  }

  private static func times(_ text: Substring) -> Recurrence? {
    var clocks: [Clock] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let clock = Clock(part) else { return nil }
      if !clocks.contains(clock) { clocks.append(clock) }
    }
    return .daily(clocks)
  }

  private static func interval(_ text: Substring) -> Recurrence? {
    guard let count = Int(text.dropLast()), count > 0, let unit = text.last else { return nil }
    switch unit {
    case "m" where count < 60 && 60 % count == 0: return .minutes(count)
    case "m" where count % 60 == 0: return interval("\(count / 60)h")
    case "h" where count < 24 && 24 % count == 0: return .hours(count)
    case "h" where count == 24: return .daily([usualTime])
    default: return nil
    }
  }

  /// The least time between two runs, in seconds.
  var seconds: Int {
    switch self {
    case .minutes(let count): count * 60
    case .hours(let count): count * 3600
    case .daily(let clocks): Self.leastGap(clocks.map { $0.hour * 3600 + $0.minute * 60 })
    case .weekly: 604_800
    case .monthly: 28 * 86_400
    }
  }

  /// The least time from one of a day's moments to the next, past midnight too.
  private static func leastGap(_ moments: [Int]) -> Int {
    let sorted = moments.sorted()
    let next = sorted.dropFirst() + sorted.prefix(1).map { $0 + 86_400 }
    return zip(sorted, next).map { $1 - $0 }.min() ?? 86_400
  }

  /// As it is written.
  var text: String {
    switch self {
    case .minutes(let count): "\(count)m"
    case .hours(let count): "\(count)h"
    case .daily(let clocks): clocks.map(\.text).joined(separator: ",")
    case .weekly(let day, let clock): "\(day.name.prefix(3)) \(clock.text)"
    case .monthly(let day, let clock): "monthly \(day) \(clock.text)"
    }
  }

  static let forms = "15m, 1h, daily, \"02:30\", \"02:30,14:30\", \"sun 03:00\" or \"monthly 1 03:00\""
}
