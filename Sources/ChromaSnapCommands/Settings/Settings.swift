import ChromaSnap
import SnapshotRepository
import SystemIO
import SystemPackage

/// What is set, and who set it: of each setting the strongest of option, environment, file and default.
struct Settings: Sendable {
  /// Who set a value.
  enum Origin: Hashable, Sendable {
    case standard
    case file(FilePath, line: Int)
    case environment(String)
    case option(String)
  }

  /// The file that was read, if there is one.
  private(set) var file: ConfigurationFile?
  /// The profile of it that was chosen.
  private(set) var profile: String?
  private var values: [String: (value: any SettingValue, origin: Origin)] = [:]

  /// Reads the file that there is, and the environment.
  /// - Parameters:
  ///   - configuration: The file that `--config` names.
  ///   - profile: The profile that `--profile` names.
  init(configuration: String?, profile named: String?) throws(SnapshotError) {
    file = try ConfigurationFile.find(configuration)
    profile = named ?? Environment.value("CHROMASNAP_PROFILE")
    if let file {
      for found in try file.values(profile: profile) {
        values[found.setting.key] = (found.value, .file(file.path, line: found.line))
      }
    } else if let profile {
      throw SnapshotError(
        .usage, "there is no configuration file, so there is no profile \(profile)",
        hint: "Name the file with --config, or write one: \(ConfigurationFile.places.joined(separator: ", ")).")
    }
    for setting in SettingTable.all {
      guard let name = setting.environment, let text = Environment.text(name) else { continue }
      do throws(SettingProblem) { values[setting.key] = (try setting.read(text: text), .environment(name)) } catch {
        throw SnapshotError(.usage, "\(name): \(error.message)", hint: "Correct or unset \(name).")
      }
    }
  }

  /// What is in force.
  subscript<Value>(setting: Setting<Value>) -> Value { values[setting.key]?.value as? Value ?? setting.standard() }

  func value(of setting: any AnySetting) -> any SettingValue { values[setting.key]?.value ?? setting.standardValue }

  func origin(of setting: any AnySetting) -> Origin { values[setting.key]?.origin ?? .standard }

  /// What is in force where the command line may say so too.
  func value<Value>(_ setting: Setting<Value>, option: Value?) throws(SnapshotError) -> Value {
    guard let option else { return self[setting] }
    do throws(SettingProblem) { try setting.check(option) } catch {
      throw SnapshotError.usage("\(setting.option ?? setting.key): \(error.message)")
    }
    return setting.located(option, FileSystem.currentFolder)
  }

  func value<Value>(_ setting: Setting<Value?>, option: Value?) throws(SnapshotError) -> Value? {
    guard let option else { return self[setting] }
    return try value(setting, option: Optional.some(Optional.some(option)))
  }

  /// Lets an option of the command line win, if it was given.
  mutating func take<Value>(_ setting: Setting<Value>, option: Value?) throws(SnapshotError) {
    guard let option else { return }
    values[setting.key] = (try value(setting, option: option), .option(setting.option ?? setting.key))
  }

  mutating func take<Value>(_ setting: Setting<Value?>, option: Value?) throws(SnapshotError) {
    guard let option else { return }
    try take(setting, option: Optional.some(Optional.some(option)))
  }
}
