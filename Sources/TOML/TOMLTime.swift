/// Dates and times as TOML writes them, by RFC 3339: `1979-05-27T07:32:00.5Z`, and its parts.
enum TOMLTime {
  static func isValid(_ text: [UInt8]) -> Bool {
    if isTime(text[...]) { return true }
    guard text.count >= 10, isDate(text[..<10]) else { return false }
    if text.count == 10 { return true }
    guard [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")].contains(text[10]) else { return false }
    var time = text[11...]
    if time.last == UInt8(ascii: "Z") || time.last == UInt8(ascii: "z") {
      time = time.dropLast()
    } else if time.count > 6, let sign = time.dropLast(5).last, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
      guard isClock(time.suffix(5)) else { return false }
      time = time.dropLast(6)
    }
    return isTime(time)
  }

  /// `07:32:00`, and a fraction.
  private static func isTime(_ text: ArraySlice<UInt8>) -> Bool {
    let text = Array(text)
    guard text.count >= 8, isClock(text[..<5]), text[5] == UInt8(ascii: ":"), number(text[6..<8], 0...59) else {
      return false
    }
    guard text.count > 8 else { return true }
    return text[8] == UInt8(ascii: ".") && text.count > 9 && text[9...].allSatisfy(isDigit)
  }

  /// `07:32`.
  private static func isClock(_ text: ArraySlice<UInt8>) -> Bool {
    let text = Array(text)
    return text.count == 5 && number(text[..<2], 0...23) && text[2] == UInt8(ascii: ":") && number(text[3...], 0...59)
  }

  private static func isDate(_ text: ArraySlice<UInt8>) -> Bool {
    let text = Array(text)
    guard text[..<4].allSatisfy(isDigit), let year = Int(String(decoding: text[..<4], as: UTF8.self)), year > 0,
      text[4] == UInt8(ascii: "-"), number(text[5..<7], 1...12), text[7] == UInt8(ascii: "-")
    else { return false }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let month = Int(text[5] - 0x30) * 10 + Int(text[6] - 0x30)
    let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    return number(text[8...], 1...days)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  private static func number(_ text: ArraySlice<UInt8>, _ allowed: ClosedRange<Int>) -> Bool {
    text.allSatisfy(isDigit) && Int(String(decoding: text, as: UTF8.self)).map(allowed.contains) == true
  }
}
