import SystemIO
import SystemPackage

/// A JSON value that keeps its fields in the order in which they are documented. RFC 8259.
indirect enum JSON {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([(String, JSON)])

  static func integer(_ value: some BinaryInteger) -> JSON { .integer(Int64(clamping: value)) }

  /// A string, or null.
  static func optional(_ value: String?) -> JSON { value.map(JSON.string) ?? .null }

  static func strings(_ values: [String]) -> JSON { .array(values.map(JSON.string)) }

  static func time(_ value: Timestamp) -> JSON { .string(value.rfc3339) }

  /// The fields of a path: `path`, and `path_base64` where its bytes are not UTF-8.
  static func path(_ bytes: [UInt8], _ key: String = "path") -> [(String, JSON)] {
    let text = String(decoding: bytes, as: UTF8.self)
    let plain: [(String, JSON)] = [(key, .string(text))]
    return Array(text.utf8) == bytes ? plain : plain + [("\(key)_base64", .string(Base64.encode(bytes)))]
  }

  /// The fields of a path, or null where there is none.
  static func path(_ path: FilePath?, _ key: String) -> [(String, JSON)] {
    path.map { Self.path($0.bytes, key) } ?? [(key, .null)]
  }

  /// The fields of a source's path, as a manifest keeps it.
  static func source(_ path: String, base64: String?) -> [(String, JSON)] {
    let plain: [(String, JSON)] = [("source", .string(path))]
    return base64.map { plain + [("source_base64", .string($0))] } ?? plain
  }

  /// The value in one line.
  var text: String {
    var result = ""
    write(to: &result)
    return result
  }

  private func write(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += "\(value)"
    case .number(let value): text += value.isFinite ? "\((value * 1e6).rounded() / 1e6)" : "null"
    case .string(let value): Self.write(value, to: &text)
    case .array(let values):
      text += "["
      for (i, value) in values.enumerated() {
        if i > 0 { text += "," }
        value.write(to: &text)
      }
      text += "]"
    case .object(let fields):
      text += "{"
      for (i, field) in fields.enumerated() {
        if i > 0 { text += "," }
        Self.write(field.0, to: &text)
        text += ":"
        field.1.write(to: &text)
      }
      text += "}"
    }
  }

  private static func write(_ value: String, to text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      // Those from 0x7F on too, which a terminal would obey.
      case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
