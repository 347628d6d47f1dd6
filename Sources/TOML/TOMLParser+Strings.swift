extension TOMLParser {
  private static let quote = UInt8(ascii: "\"")
  private static let apostrophe = UInt8(ascii: "'")

  mutating func basicString() throws(TOMLError) -> String {
    at += 1
    var text: [UInt8] = []
    while true {
      guard !isAtEnd, next != 0x0A, next != 0x0D else { throw failure("a string has no closing \"") }
      switch next {
      case Self.quote:
        at += 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text += try escape()
      default: text.append(try plain())
      }
    }
  }

  mutating func literalString() throws(TOMLError) -> String {
    at += 1
    var text: [UInt8] = []
    while next != Self.apostrophe {
      guard !isAtEnd, next != 0x0A, next != 0x0D else { throw failure("a string has no closing '") }
      text.append(try plain())
    }
    at += 1
    return String(decoding: text, as: UTF8.self)
  }

  mutating func longBasicString() throws(TOMLError) -> String {
    let start = line
    at += 3
    _ = skipNewline()
    var text: [UInt8] = []
    while true {
      guard !isAtEnd else { throw TOMLError(message: "a string has no closing \"\"\"", line: start) }
      if let quotes = closing(Self.quote) {
        return String(decoding: text + Array(repeating: Self.quote, count: quotes), as: UTF8.self)
      }
      if next == UInt8(ascii: "\\") {
        if try skipFoldedLine() { continue }
        text += try escape()
      } else if skipNewline() {
        text.append(0x0A)
      } else {
        text.append(try plain())
      }
    }
  }

  mutating func longLiteralString() throws(TOMLError) -> String {
    let start = line
    at += 3
    _ = skipNewline()
    var text: [UInt8] = []
    while true {
      guard !isAtEnd else { throw TOMLError(message: "a string has no closing '''", line: start) }
      if let quotes = closing(Self.apostrophe) {
        return String(decoding: text + Array(repeating: Self.apostrophe, count: quotes), as: UTF8.self)
      }
      text.append(skipNewline() ? 0x0A : try plain())
    }
  }

  /// Passes three quotation marks and says how many before them belong to the text: two at most.
  private mutating func closing(_ mark: UInt8) -> Int? {
    guard next == mark, byte(after: 1) == mark, byte(after: 2) == mark else { return nil }
    var count = 3
    while count < 5, byte(after: count) == mark { count += 1 }
    at += count
    return count - 3
  }

  /// A backslash at a line's end, and all blanks and line ends that follow.
  private mutating func skipFoldedLine() throws(TOMLError) -> Bool {
    let start = at
    at += 1
    skipBlanks()
    guard skipNewline() else {
      at = start
      return false
    }
    repeat { skipBlanks() } while skipNewline()
    return true
  }

  private mutating func plain() throws(TOMLError) -> UInt8 {
    let byte = next
    guard !isControl(byte) else { throw failure("a string holds a control character; write it as an escape") }
    at += 1
    return byte
  }

  private mutating func escape() throws(TOMLError) -> [UInt8] {
    at += 1
    let letter = next
    at += 1
    switch letter {
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "r"): return [0x0D]
    case Self.quote, UInt8(ascii: "\\"): return [letter]
    case UInt8(ascii: "u"): return try scalar(digits: 4)
    case UInt8(ascii: "U"): return try scalar(digits: 8)
    default:
      at -= 1
      throw failure("a string holds an unknown escape; a path with \\ is written between ' '")
    }
  }

  private mutating func scalar(digits count: Int) throws(TOMLError) -> [UInt8] {
    let digits = bytes[at...].prefix(count)
    guard digits.count == count, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit && $0 < 0x80 }),
      let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16), let scalar = Unicode.Scalar(value)
    else { throw failure("a string holds an escape that is no Unicode scalar") }
    at += count
    return Array(String(scalar).utf8)
  }
}
