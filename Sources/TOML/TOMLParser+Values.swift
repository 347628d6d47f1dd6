extension TOMLParser {
  mutating func value() throws(TOMLError) -> TOMLValue {
    let line = line
    switch next {
    case UInt8(ascii: "\""):
      return TOMLValue(.string(startsWith("\"\"\"") ? try longBasicString() : try basicString()), line: line)
    case UInt8(ascii: "'"):
      return TOMLValue(.string(startsWith("'''") ? try longLiteralString() : try literalString()), line: line)
    case UInt8(ascii: "["): return TOMLValue(.array(try deeper { (p) throws(TOMLError) in try p.array() }), line: line)
    case UInt8(ascii: "{"):
      return TOMLValue(.table(try deeper { (p) throws(TOMLError) in try p.inlineTable() }), line: line)
    default: return TOMLValue(try scalar(), line: line)
    }
  }

  /// A document may not exhaust the stack.
  private mutating func deeper<Result>(
    _ body: (inout TOMLParser) throws(TOMLError) -> Result
  ) throws(TOMLError) -> Result {
    guard depth < Self.depthLimit else { throw failure("values lie in each other too deep") }
    depth += 1
    defer { depth -= 1 }
    return try body(&self)
  }

  private mutating func array() throws(TOMLError) -> [TOMLValue] {
    at += 1
    var values: [TOMLValue] = []
    while true {
      try skipLines()
      if skip(UInt8(ascii: "]")) { return values }
      values.append(try value())
      try skipLines()
      if skip(UInt8(ascii: ",")) { continue }
      guard skip(UInt8(ascii: "]")) else { throw failure("an array's values are separated by commas and end with ]") }
      return values
    }
  }

  private mutating func inlineTable() throws(TOMLError) -> TOMLTable {
    at += 1
    let table = TableBuilder(line: line)
    skipBlanks()
    if skip(UInt8(ascii: "}")) { return table.finished }
    while true {
      let keys = try dottedKey()
      guard skip(UInt8(ascii: "=")) else { throw failure("a key is followed by =") }
      skipBlanks()
      var inner = table
      for key in keys.dropLast() { inner = try inner.passing(key) }
      let last = keys[keys.count - 1]
      let value = try value()
      guard inner[last.name] == nil else { throw inner.conflict(last, "is there already") }
      inner.add(last.name, .value(value), line: last.line)
      skipBlanks()
      if skip(UInt8(ascii: "}")) { return table.finished }
      guard skip(UInt8(ascii: ",")) else {
        throw failure("an inline table's entries are separated by commas, in one line, and end with }")
      }
    }
  }

  /// Booleans, numbers, dates and times: all that is not quoted.
  private mutating func scalar() throws(TOMLError) -> TOMLValue.Content {
    let start = at
    while isScalar(next) { at += 1 }
    // A date and a time may be separated by a blank.
    if at - start == 10, next == UInt8(ascii: " "), isDigit(byte(after: 1)), isDigit(byte(after: 2)),
      byte(after: 3) == UInt8(ascii: ":")
    {
      at += 1
      while isScalar(next) { at += 1 }
    }
    let text = bytes[start..<at]
    let word = String(decoding: text, as: UTF8.self)
    guard !text.isEmpty else { throw failure("a value is missing, or is text without quotes") }
    switch word {
    case "true": return .boolean(true)
    case "false": return .boolean(false)
    default: break
    }
    if let number = TOMLNumber.read(Array(text)) {
      switch number {
      case .integer(let value): return .integer(value)
      case .float(let value): return .float(value)
      case .tooLarge: throw failure("\(word) does not fit into 64 bits")
      }
    }
    if TOMLTime.isValid(Array(text)) { return .dateTime(word) }
    throw failure("\(word) is no value; text is quoted")
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  private func isScalar(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
      UInt8(ascii: "_"), UInt8(ascii: ":"):
      true
    default: byte >= 0x80
    }
  }
}
