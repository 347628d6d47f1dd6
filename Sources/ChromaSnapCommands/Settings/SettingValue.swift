import SystemIO
import SystemPackage
import TOML

/// A type of values that a file or the environment can give.
protocol SettingValue: Sendable {
  /// With its article, for messages and the documentation.
  static var kindName: String { get }
  /// From a file; relative paths start at `folder`. `nil` where it is something else.
  init?(_ value: TOMLValue, in folder: FilePath)
  /// From a variable of the environment.
  init?(text: String)
  var text: String { get }
  var json: JSON { get }
}

extension String: SettingValue {
  static var kindName: String { "a string" }

  init?(_ value: TOMLValue, in folder: FilePath) {
    guard case .string(let text) = value.content else { return nil }
    self = text
  }

  init?(text: String) { self = text }

  var text: String { self }
  var json: JSON { .string(self) }
}

extension Int: SettingValue {
  static var kindName: String { "an integer" }

  init?(_ value: TOMLValue, in folder: FilePath) {
    guard case .integer(let number) = value.content, let number = Int(exactly: number) else { return nil }
    self = number
  }

  init?(text: String) { self.init(text) }

  var text: String { "\(self)" }
  var json: JSON { .integer(self) }
}

extension Bool: SettingValue {
  static var kindName: String { "true or false" }

  init?(_ value: TOMLValue, in folder: FilePath) {
    guard case .boolean(let flag) = value.content else { return nil }
    self = flag
  }

  init?(text: String) {
    switch text.lowercased() {
    case "true", "1", "yes": self = true
    case "false", "0", "no": self = false
    default: return nil
    }
  }

  var text: String { "\(self)" }
  var json: JSON { .bool(self) }
}

extension FilePath: SettingValue {
  static var kindName: String { "a path" }

  init?(_ value: TOMLValue, in folder: FilePath) {
    guard case .string(let text) = value.content, !text.isEmpty, !text.contains("\0") else { return nil }
    self.init(written: text, in: folder)
  }

  /// A path as people write it: one below `~/` starts at the user's home, another relative one at `folder`.
  init(written text: String, in folder: FilePath) {
    if text == "~" || text.hasPrefix("~/"), let home = Environment.home {
      self = text == "~" ? home : home.pushing(FilePath(bytes: Arguments.bytes(of: String(text.dropFirst(2)))))
    } else {
      let path = FilePath(bytes: Arguments.bytes(of: text))
      self = path.isAbsolute ? path : folder.pushing(path).lexicallyNormalized()
    }
  }

  init?(text: String) { self.init(argument: text) }

  var text: String { string }
  var json: JSON { .string(string) }
}

extension Duration: SettingValue {
  static var kindName: String { "a duration such as \"30s\", \"5m\" or \"2h\"" }

  init?(_ value: TOMLValue, in folder: FilePath) {
    switch value.content {
    case .string(let text): self.init(argument: text)
    case .integer(let seconds): self.init(bounding: Double(seconds))
    default: return nil
    }
  }

  init?(text: String) { self.init(argument: text) }

  var text: String { defaultValueDescription }
  var json: JSON { .number(seconds) }
}

extension Fraction: SettingValue {
  static var kindName: String { "a part below 1 such as 0.05, or a percentage such as \"5%\"" }

  init?(_ value: TOMLValue, in folder: FilePath) {
    switch value.content {
    case .string(let text): self.init(argument: text)
    case .float(let part) where (0..<1).contains(part): self.init(part)
    case .integer(0): self.init(0)
    default: return nil
    }
  }

  init?(text: String) { self.init(argument: text) }

  var text: String { defaultValueDescription }
  var json: JSON { .number(value) }
}

extension Recurrence: SettingValue {
  static var kindName: String { "a time such as \(forms)" }

  init?(_ value: TOMLValue, in folder: FilePath) {
    guard case .string(let text) = value.content else { return nil }
    self.init(text)
  }

  init?(text: String) { self.init(text) }

  var json: JSON { .string(text) }
}

extension Array: SettingValue where Element == String {
  static var kindName: String { "an array of strings" }

  init?(_ value: TOMLValue, in folder: FilePath) {
    guard case .array(let values) = value.content else { return nil }
    self = []
    for value in values {
      guard case .string(let text) = value.content else { return nil }
      append(text)
    }
  }

  /// A line each.
  init?(text: String) { self = text.split(whereSeparator: \.isNewline).map(String.init) }

  var text: String { joined(separator: "  ") }
  var json: JSON { .strings(self) }
}

extension Optional: SettingValue where Wrapped: SettingValue {
  static var kindName: String { Wrapped.kindName }

  init?(_ value: TOMLValue, in folder: FilePath) {
    guard let found = Wrapped(value, in: folder) else { return nil }
    self = .some(found)
  }

  init?(text: String) {
    guard let found = Wrapped(text: text) else { return nil }
    self = .some(found)
  }

  var text: String { self?.text ?? "" }
  var json: JSON { self?.json ?? .null }
}
