/// Integers and floats as TOML writes them.
enum TOMLNumber {
  case integer(Int64)
  case float(Double)
  case tooLarge

  /// The number, or `nil` where this is none.
  static func read(_ text: [UInt8]) -> TOMLNumber? {
    if text.count > 2, text[0] == UInt8(ascii: "0"),
      let radix = [UInt8(ascii: "x"): 16, UInt8(ascii: "o"): 8, UInt8(ascii: "b"): 2][text[1]]
    {
      return prefixed(Array(text[2...]), radix: radix)
    }
    let isSigned = text.first == UInt8(ascii: "+") || text.first == UInt8(ascii: "-")
    let body = Array(isSigned ? text[1...] : text[...])
    let isNegative = text.first == UInt8(ascii: "-")
    switch String(decoding: body, as: UTF8.self) {
    case "inf": return .float(isNegative ? -.infinity : .infinity)
    case "nan": return .float(.nan)
    default: break
    }
    let mantissa = body.prefix { $0 != UInt8(ascii: "e") && $0 != UInt8(ascii: "E") }
    let exponent = body[mantissa.count...].dropFirst()
    let parts = mantissa.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, let digits = run(Array(whole)), digits.count == 1 || digits[0] != UInt8(ascii: "0")
    else { return nil }
    let sign = isNegative ? "-" : ""
    if parts.count == 1, mantissa.count == body.count {
      return Int64(sign + word(digits)).map { .integer($0) } ?? .tooLarge
    }
    var written = sign + word(digits)
    if parts.count == 2 {
      guard let fraction = run(Array(parts[1])) else { return nil }
      written += "." + word(fraction)
    }
    if mantissa.count < body.count {
      let isSigned = exponent.first == UInt8(ascii: "+") || exponent.first == UInt8(ascii: "-")
      guard let power = run(Array(isSigned ? exponent.dropFirst() : exponent)) else { return nil }
      written += "e" + (exponent.first == UInt8(ascii: "-") ? "-" : "") + word(power)
    }
    return Double(written).map { .float($0) }
  }

  private static func word(_ digits: [UInt8]) -> String { String(decoding: digits, as: UTF8.self) }

  private static func prefixed(_ text: [UInt8], radix: Int) -> TOMLNumber? {
    guard let digits = run(text, radix: radix) else { return nil }
    return Int64(String(decoding: digits, as: UTF8.self), radix: radix).map { .integer($0) } ?? .tooLarge
  }

  /// Digits, with single underscores between them; without those.
  private static func run(_ text: [UInt8], radix: Int = 10) -> [UInt8]? {
    var digits: [UInt8] = []
    var mayBreak = false
    for byte in text {
      if byte == UInt8(ascii: "_") {
        guard mayBreak else { return nil }
        mayBreak = false
      } else {
        guard byte < 0x80, let value = Character(Unicode.Scalar(byte)).hexDigitValue, value < radix else { return nil }
        digits.append(byte)
        mayBreak = true
      }
    }
    return mayBreak ? digits : nil
  }
}
