/// Reads TOML 1.0 (https://toml.io/en/v1.0.0), strictly.
struct TOMLParser {
  /// How deep arrays and inline tables may lie in each other.
  static let depthLimit = 64

  let bytes: [UInt8]
  var at = 0
  var line = 1
  var depth = 0

  init(_ document: [UInt8]) throws(TOMLError) {
    let hasMark = document.starts(with: [0xEF, 0xBB, 0xBF])
    bytes = hasMark ? Array(document.dropFirst(3)) : document
    guard String(validating: bytes, as: UTF8.self) != nil else {
      // The first line that is not UTF-8 by itself: no sequence reaches over the end of a line.
      let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
      let wrong = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
      throw TOMLError(message: "this is not UTF-8", line: wrong + 1)
    }
  }

  /// The byte at the position; 0 at the end, which no document holds elsewhere.
  var next: UInt8 { at < bytes.count ? bytes[at] : 0 }
  var isAtEnd: Bool { at >= bytes.count }

  func byte(after count: Int) -> UInt8 { at + count < bytes.count ? bytes[at + count] : 0 }

  func failure(_ message: String) -> TOMLError { TOMLError(message: message, line: line) }

  func startsWith(_ text: String) -> Bool { bytes[min(at, bytes.count)...].starts(with: text.utf8) }

  mutating func skip(_ byte: UInt8) -> Bool {
    guard !isAtEnd, next == byte else { return false }
    at += 1
    return true
  }

  mutating func skipBlanks() { while next == UInt8(ascii: " ") || next == UInt8(ascii: "\t") { at += 1 } }

  /// A line's end, if here is one.
  mutating func skipNewline() -> Bool {
    if next == 0x0A { at += 1 } else if next == 0x0D, byte(after: 1) == 0x0A { at += 2 } else { return false }
    line += 1
    return true
  }

  mutating func skipComment() throws(TOMLError) {
    guard skip(UInt8(ascii: "#")) else { return }
    while !isAtEnd, next != 0x0A, !startsWith("\r\n") {
      guard !isControl(next) else { throw failure("a comment holds a control character") }
      at += 1
    }
  }

  /// Blanks, comments and line ends, as many as there are.
  mutating func skipLines() throws(TOMLError) {
    repeat {
      skipBlanks()
      try skipComment()
    } while skipNewline()
  }

  func isControl(_ byte: UInt8) -> Bool { (byte < 0x20 && byte != 0x09) || byte == 0x7F }

  // MARK: Documents

  mutating func document() throws(TOMLError) -> TOMLTable {
    let root = TableBuilder(line: 1)
    var section = root
    var dotted: [TableBuilder] = []
    while true {
      try skipLines()
      if isAtEnd { return root.finished }
      if next == UInt8(ascii: "[") {
        for table in dotted { table.isDefined = true }
        dotted = []
        section = try header(root)
      } else {
        try keyValue(into: section, dotted: &dotted)
      }
      skipBlanks()
      try skipComment()
      guard isAtEnd || next == 0x0A || startsWith("\r\n") else {
        throw failure("there is something else on this line; text is quoted, and an entry has a line of its own")
      }
    }
  }

  private mutating func header(_ root: TableBuilder) throws(TOMLError) -> TableBuilder {
    at += 1
    let isArray = skip(UInt8(ascii: "["))
    let keys = try dottedKey()
    let isClosed = skip(UInt8(ascii: "]")) && (!isArray || skip(UInt8(ascii: "]")))
    guard isClosed else { throw failure("a table's name ends with \(isArray ? "]]" : "]")") }
    var parent = root
    for key in keys.dropLast() { parent = try parent.passing(key) }
    let last = keys[keys.count - 1]
    let table = TableBuilder(line: last.line)
    table.isDefined = true
    switch parent[last.name] {
    case nil:
      parent.add(last.name, isArray ? .tables([table]) : .table(table), line: last.line)
    case .tables? where isArray: parent.append(table, toTablesAt: last.name)
    case .table(let known)? where !isArray && !known.isDefined:
      known.isDefined = true
      return known
    case _?: throw parent.conflict(last, "is there already")
    }
    return table
  }

  /// One `key = value`. Tables that dotted keys name are noted: a later section may not name them again.
  private mutating func keyValue(
    into section: TableBuilder, dotted: inout [TableBuilder]
  ) throws(TOMLError) {
    let keys = try dottedKey()
    guard skip(UInt8(ascii: "=")) else { throw failure("a key is followed by =") }
    skipBlanks()
    var table = section
    for key in keys.dropLast() {
      switch table[key.name] {
      case .tables?: throw table.conflict(key, "is an array of tables already")
      case .table(let known)? where known.isDefined: throw table.conflict(key, "is defined already")
      default: table = try table.passing(key)
      }
      dotted.append(table)
    }
    let last = keys[keys.count - 1]
    let value = try value()
    guard table[last.name] == nil else { throw table.conflict(last, "is there already") }
    table.add(last.name, .value(value), line: last.line)
  }

  // MARK: Keys

  mutating func dottedKey() throws(TOMLError) -> [Key] {
    var keys: [Key] = []
    repeat {
      skipBlanks()
      keys.append(try simpleKey())
      skipBlanks()
    } while skip(UInt8(ascii: "."))
    return keys
  }

  private mutating func simpleKey() throws(TOMLError) -> Key {
    switch next {
    case UInt8(ascii: "\""): return Key(name: try basicString(), line: line)
    case UInt8(ascii: "'"): return Key(name: try literalString(), line: line)
    default:
      let start = at
      while isBareKey(next) { at += 1 }
      guard at > start else {
        throw failure("a key is made of letters, digits, - and _, or is quoted")
      }
      return Key(name: String(decoding: bytes[start..<at], as: UTF8.self), line: line)
    }
  }

  private func isBareKey(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
