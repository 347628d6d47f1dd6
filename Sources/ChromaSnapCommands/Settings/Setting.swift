import SystemIO
import SystemPackage
import TOML

/// One thing that can be set: in a configuration file by its key, and mostly by an option and by a variable of the
/// environment too.
struct Setting<Value: SettingValue>: AnySetting {
  /// As in the file, with its table: `retention.keep-daily`.
  let key: String
  /// The option that sets it on the command line.
  let option: String?
  let environment: String?
  let isSecret: Bool
  let documentation: String
  let standardText: String
  let standard: @Sendable () -> Value
  /// What is wrong with a value, as the end of a sentence; `nil` where nothing is.
  let problem: @Sendable (Value) -> String?
  /// The value with the files that it names, if it does, looked for from a folder.
  let located: @Sendable (Value, FilePath) -> Value

  /// - Parameters:
  ///   - standard: The value where nobody says anything.
  ///   - described: How the documentation names that value; the value's own text by default.
  init(
    _ key: String, _ standard: @autoclosure @escaping @Sendable () -> Value, described: String? = nil,
    option: String? = nil, environment: String? = nil, isSecret: Bool = false,
    problem: @escaping @Sendable (Value) -> String? = { _ in nil },
    located: @escaping @Sendable (Value, FilePath) -> Value = { value, _ in value }, _ documentation: String
  ) {
    self.key = key
    self.standard = standard
    standardText = described ?? standard().text
    self.option = option
    self.environment = environment
    self.isSecret = isSecret
    self.problem = problem
    self.located = located
    self.documentation = documentation
  }

  var kindName: String { Value.kindName }

  var standardValue: any SettingValue { standard() }

  func read(_ value: TOMLValue, in folder: FilePath) throws(SettingProblem) -> any SettingValue {
    guard let found = Value(value, in: folder) else {
      throw SettingProblem(message: "`\(key)` is \(isSecret ? value.kindName : value.shown), and must be \(kindName)")
    }
    try check(found)
    return located(found, folder)
  }

  func read(text: String) throws(SettingProblem) -> any SettingValue {
    guard let found = Value(text: text) else { throw SettingProblem(message: "'\(text)' is not \(kindName)") }
    try check(found)
    return located(found, FileSystem.currentFolder)
  }

  func check(_ value: Value) throws(SettingProblem) {
    if let wrong = problem(value) { throw SettingProblem(message: "`\(key)` \(wrong)") }
  }
}

/// A setting of any type: what validation, `config show` and the documentation need.
protocol AnySetting: Sendable {
  var key: String { get }
  var option: String? { get }
  var environment: String? { get }
  /// Whether its value is masked where it is shown.
  var isSecret: Bool { get }
  var documentation: String { get }
  var kindName: String { get }
  var standardText: String { get }
  var standardValue: any SettingValue { get }

  /// The value that a file gives. Relative paths start at the file's folder.
  func read(_ value: TOMLValue, in folder: FilePath) throws(SettingProblem) -> any SettingValue
  /// The value that the environment gives.
  func read(text: String) throws(SettingProblem) -> any SettingValue
}

extension AnySetting {
  /// The table of the file that the key lies in; `nil` at the top.
  var table: String? { key.contains(".") ? String(key.prefix { $0 != "." }) : nil }

  /// The key within its table.
  var name: String { table.map { String(key.dropFirst($0.count + 1)) } ?? key }
}

/// Why a value is refused.
struct SettingProblem: Error, Sendable {
  var message: String
}

extension TOMLValue {
  /// The value itself where it is short, else what it is.
  fileprivate var shown: String {
    switch content {
    case .string(let text) where text.count <= 40: "\"\(text)\""
    case .integer(let number): "\(number)"
    case .float(let number): "\(number)"
    case .boolean(let flag): "\(flag)"
    case .dateTime(let text): text
    default: kindName
    }
  }
}
