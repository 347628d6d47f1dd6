/// A day of the proleptic Gregorian calendar and a time of day, in UTC.
///
/// The conversions follow H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
package struct CivilTime: Hashable, Sendable {
  package var year: Int
  package var month: Int
  package var day: Int
  package var hour: Int
  package var minute: Int
  package var second: Int

  /// - Parameter seconds: Since 1970-01-01, in whatever zone the result is to be in.
  package init(secondsSinceEpoch seconds: Int64) {
    var (days, rest) = Int(seconds).quotientAndRemainder(dividingBy: 86_400)
    if rest < 0 { (days, rest) = (days - 1, rest + 86_400) }
    (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60)
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// Days from 1970-01-01 to this day.
  package static func days(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}

/// A number in decimal digits, filled up with zeros on the left.
package func padded(_ value: some BinaryInteger, _ width: Int) -> String {
  let digits = String(value)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

extension Timestamp {
  /// `2026-11-24T08:00:00.000000000Z`.
  public var rfc3339: String { "\(dateAndTime("T")).\(padded(nanoseconds, 9))Z" }

  /// `2026-11-24T08:00:00Z`.
  public var rfc3339Seconds: String { "\(dateAndTime("T"))Z" }

  /// `20261124T080000.000000000Z`: sorts like the time, and is a file name anywhere.
  package var compact: String {
    String(rfc3339.filter { $0 != "-" && $0 != ":" })
  }

  /// Whether a text has the form of ``compact``.
  package static func isCompact(_ text: some StringProtocol) -> Bool {
    let form = "00000000T000000.000000000Z".utf8
    return text.utf8.count == form.count
      && zip(text.utf8, form).allSatisfy { $1 == 0x30 ? (0x30...0x39).contains($0) : $0 == $1 }
  }

  /// `2026-11`.
  package var month: String {
    let time = CivilTime(secondsSinceEpoch: seconds)
    return "\(padded(time.year, 4))-\(padded(time.month, 2))"
  }

  private func dateAndTime(_ separator: String) -> String {
    let time = CivilTime(secondsSinceEpoch: seconds)
    return "\(padded(time.year, 4))-\(padded(time.month, 2))-\(padded(time.day, 2))\(separator)"
      + "\(padded(time.hour, 2)):\(padded(time.minute, 2)):\(padded(time.second, 2))"
  }

  /// From RFC 3339: date, time, an optional fraction, and `Z` or an offset.
  public init?(rfc3339 text: String) {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int? {
      guard range.upperBound <= bytes.count else { return nil }
      return bytes[range].reduce(0 as Int?) { sum, byte in
        guard let sum, byte >= 0x30, byte <= 0x39 else { return nil }
        return sum * 10 + Int(byte - 0x30)
      }
    }
    guard bytes.count >= 20, bytes[4] == 0x2D, bytes[7] == 0x2D, [0x54, 0x74, 0x20].contains(bytes[10]),
      bytes[13] == 0x3A, bytes[16] == 0x3A, let year = number(0..<4), let month = number(5..<7),
      let day = number(8..<10), let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
      (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
    else { return nil }
    var at = 19
    var nanoseconds = 0
    if bytes[at] == 0x2E {
      var end = at + 1
      while end < bytes.count, bytes[end] >= 0x30, bytes[end] <= 0x39 { end += 1 }
      guard end > at + 1 else { return nil }
      let digits = String(decoding: bytes[at + 1..<min(end, at + 10)], as: UTF8.self)
      nanoseconds = Int(digits + String(repeating: "0", count: 9 - digits.count)) ?? 0
      at = end
    }
    guard at < bytes.count else { return nil }
    var offset = 0
    switch bytes[at] {
    case 0x5A, 0x7A: guard bytes.count == at + 1 else { return nil }
    case 0x2B, 0x2D:
      guard bytes.count == at + 6, bytes[at + 3] == 0x3A, let hours = number(at + 1..<at + 3),
        let minutes = number(at + 4..<at + 6)
      else { return nil }
      offset = (bytes[at] == 0x2B ? 1 : -1) * (hours * 3600 + minutes * 60)
    default: return nil
    }
    let days = CivilTime.days(year: year, month: month, day: day)
    // The 30th of February would be the 2nd of March.
    guard CivilTime(secondsSinceEpoch: Int64(days) * 86_400).day == day else { return nil }
    self.init(
      seconds: Int64(days * 86_400 + hour * 3600 + minute * 60 + second - offset), nanoseconds: UInt32(nanoseconds))
  }
}

extension Timestamp {
  /// From a day and time of day on a clock on the wall here, `2026-11-24T08:00:00`, with an optional fraction.
  package init?(local text: String) {
    guard let local = Timestamp(rfc3339: text + "Z") else { return nil }
    // The zone's offset at that moment: what it is at the first guess, which is hours off at most.
    let guess = local.advanced(bySeconds: -Platform.secondsEastOfUTC(at: local))
    self = local.advanced(bySeconds: -Platform.secondsEastOfUTC(at: guess))
  }
}

extension Timestamp: Codable {
  /// In documents a time is RFC 3339 in UTC with nanoseconds.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let time = Timestamp(rfc3339: text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is not a time")
    }
    self = time
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rfc3339)
  }
}

extension Timestamp {
  /// `20261124_080000` in the local time zone: how backups are named.
  package var localName: String {
    let time = local
    return "\(padded(time.year, 4))\(padded(time.month, 2))\(padded(time.day, 2))"
      + "_\(padded(time.hour, 2))\(padded(time.minute, 2))\(padded(time.second, 2))"
  }

  /// `2026-11-24 08:00:00` in the local time zone: for people.
  package var localText: String {
    let time = local
    return "\(padded(time.year, 4))-\(padded(time.month, 2))-\(padded(time.day, 2))"
      + " \(padded(time.hour, 2)):\(padded(time.minute, 2)):\(padded(time.second, 2))"
  }

  /// The day and time of day on a clock on the wall here.
  package var local: CivilTime { CivilTime(secondsSinceEpoch: seconds &+ Platform.secondsEastOfUTC(at: self)) }
}
