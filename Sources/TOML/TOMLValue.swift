/// A value of a TOML document, and the line on which it begins.
package struct TOMLValue: Hashable, Sendable {
  package enum Content: Hashable, Sendable {
    case string(String)
    case integer(Int64)
    case float(Double)
    case boolean(Bool)
    /// A date, a time, or both, as it is written: proved to be one.
    case dateTime(String)
    case array([TOMLValue])
    case table(TOMLTable)
  }

  package var content: Content
  /// Counted from 1.
  package var line: Int

  package init(_ content: Content, line: Int) {
    self.content = content
    self.line = line
  }

  /// What it is, with its article: for messages.
  package var kindName: String {
    switch content {
    case .string: "a string"
    case .integer: "an integer"
    case .float: "a float"
    case .boolean: "a boolean"
    case .dateTime: "a date or time"
    case .array: "an array"
    case .table: "a table"
    }
  }
}

/// Keys and their values, in the order of the document.
package struct TOMLTable: Hashable, Sendable {
  package struct Entry: Hashable, Sendable {
    package var key: String
    /// The line of the key.
    package var line: Int
    package var value: TOMLValue
  }

  package var entries: [Entry]

  package init(_ entries: [Entry] = []) { self.entries = entries }

  package subscript(key: String) -> TOMLValue? { entries.first { $0.key == key }?.value }

  /// Reads a TOML 1.0 document. A byte order mark at its start is skipped.
  package init(parsing bytes: [UInt8]) throws(TOMLError) {
    var parser = try TOMLParser(bytes)
    self = try parser.document()
  }
}

/// Why a document is not TOML, and where.
package struct TOMLError: Error, Hashable, Sendable, CustomStringConvertible {
  package var message: String
  /// Counted from 1.
  package var line: Int

  package var description: String { "line \(line): \(message)" }
}
