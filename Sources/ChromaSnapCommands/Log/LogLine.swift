package import Logging
package import SystemIO

/// How a log is written.
package enum LogFormat: String, CaseIterable, Sendable {
  case text, json
}

/// One line of a log: never more than one, whatever is in the names that it holds.
package struct LogLine: Sendable {
  package var time: Timestamp
  package var level: Logger.Level
  package var message: String
  package var metadata: Logger.Metadata

  package init(time: Timestamp, level: Logger.Level, message: String, metadata: Logger.Metadata) {
    self.time = time
    self.level = level
    self.message = message
    self.metadata = metadata
  }

  private var fields: [(key: String, value: Logger.MetadataValue)] {
    metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// `2026-11-24T08:00:00.123456789Z info chromasnap[4711]: message key=value`.
  package func text(process: Int32) -> String { "\(time.rfc3339) \(level) chromasnap[\(process)]: \(plain)" }

  /// `message key=value`: where somebody else says when and who.
  package var plain: String {
    fields.reduce(Self.escaped(message)) { $0 + " \($1.key)=\(Self.quoted($1.value.description))" }
  }

  /// The journal's priority and the message, for standard error of a service: sd-daemon(3).
  package var journal: String {
    let priority =
      switch level {
      case .trace, .debug: 7
      case .info: 6
      case .notice: 5
      case .warning: 4
      case .error: 3
      case .critical: 2
      }
    return "<\(priority)>\(plain)"
  }

  /// A JSON object.
  package func json(process: Int32) -> String {
    JSON.object(
      [
        ("time", .time(time)), ("level", .string(level.rawValue)), ("program", .string("chromasnap")),
        ("process", .integer(process)), ("message", .string(message)),
      ] + fields.map { ($0.key, JSON($0.value)) }
    ).text
  }

  /// A value as it is where it is one plain word, else in quotes.
  private static func quoted(_ value: String) -> String {
    let isPlain =
      !value.isEmpty && value.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "\"" && $0 != "=" && !isControl($0) }
    return isPlain ? value : JSON.string(escaped(value)).text
  }

  /// Control characters could end a line, or move a terminal's cursor.
  private static func escaped(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    return text.unicodeScalars.reduce(into: "") { result, scalar in
      result += isControl(scalar) ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
  }
}

extension JSON {
  fileprivate init(_ value: Logger.MetadataValue) {
    switch value {
    case .string(let text): self = .string(text)
    case .stringConvertible(let value as any BinaryInteger): self = .integer(Int64(clamping: value))
    case .stringConvertible(let value as Double): self = .number(value)
    case .stringConvertible(let value): self = .string(value.description)
    case .array(let values): self = .array(values.map(JSON.init))
    case .dictionary(let values):
      self = .object(values.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) })
    }
  }
}
