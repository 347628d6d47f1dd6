import ArgumentParser
import ChromaSnap
import SnapshotRepository
import SystemIO
import SystemPackage

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Look at the configuration.",
    subcommands: [ConfigShowCommand.self, ConfigKeysCommand.self])
}

struct ConfigShowCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show every setting that is in force, and who set it.",
    discussion: """
      An option wins over a variable of the environment, that over the configuration file, that over the default. What may \
      be secret is masked.

      EXAMPLES
        chromasnap config show
        chromasnap config show --profile nightly
        chromasnap config show --config /etc/chromasnap.toml --json
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  static let title = "config show"
  var isAudited: Bool { false }

  func execute() throws(SnapshotError) -> Int32 {
    let settings = global.settings
    render(Self.json(settings)) { Self.text(settings) }
    return ExitStatus.success
  }

  private static func text(_ settings: Settings) -> [String] {
    var lines = ["file      \(settings.file?.path.string ?? "none")"]
    if let file = settings.file, !file.profiles.isEmpty {
      lines.append("profile   \(settings.profile ?? "none")  of \(file.profiles.joined(separator: ", "))")
    }
    var table = Table([("KEY", .left), ("VALUE", .left), ("FROM", .left)])
    for setting in SettingTable.all {
      let text = settings.shown(setting).text
      let origin = settings.origin(of: setting)
      table.add([setting.key, text.isEmpty ? origin == .standard ? setting.standardShown : "\"\"" : text, origin.text])
    }
    return lines + table.lines
  }

  private static func json(_ settings: Settings) -> JSON {
    .object(
      [("message_type", .string("config"))] + JSON.path(settings.file?.path, "file") + [
        ("profile", .optional(settings.profile)), ("profiles", .strings(settings.file?.profiles ?? [])),
        (
          "settings",
          .array(
            SettingTable.all.map { setting in
              .object(
                [("key", .string(setting.key))] + value(settings.shown(setting)) + settings.origin(of: setting).fields)
            })
        ),
      ])
  }

  private static func value(_ value: any SettingValue) -> [(String, JSON)] {
    (value as? FilePath).map { JSON.path($0, "value") } ?? [("value", value.json)]
  }
}

struct ConfigKeysCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "Explain every key of a configuration file.",
    discussion: """
      EXAMPLES
        chromasnap config keys
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  static let title = "config keys"
  var isAudited: Bool { false }

  static let usesSettings = false

  func execute() throws(SnapshotError) -> Int32 {
    render(.array(SettingTable.all.map(Self.json))) {
      SettingTable.all.flatMap { setting in
        let ways = [setting.option, setting.environment.map { "$\($0)" }].compactMap { $0 }
        return [
          "\(setting.key)  (\(setting.kindName); default: \(setting.standardShown))",
          "    \(setting.documentation)\(ways.isEmpty ? "" : "  [\(ways.joined(separator: ", "))]")",
        ]
      }
    }
    return ExitStatus.success
  }

  private static func json(_ setting: any AnySetting) -> JSON {
    .object([
      ("key", .string(setting.key)), ("type", .string(setting.kindName)), ("default", .string(setting.standardText)),
      ("option", .optional(setting.option)), ("environment", .optional(setting.environment)),
      ("documentation", .string(setting.documentation)),
    ])
  }
}

extension AnySetting {
  fileprivate var standardShown: String { standardText.isEmpty ? "none" : standardText }
}

extension Settings {
  /// The value as it may be shown to anybody.
  fileprivate func shown(_ setting: any AnySetting) -> any SettingValue {
    let value = value(of: setting)
    guard setting.isSecret, let secrets = value as? [String] else { return value }
    return secrets.map(Secret.masked(hook:))
  }
}

extension Settings.Origin {
  var text: String {
    switch self {
    case .standard: "default"
    case .file(let path, let line): "\(path):\(line)"
    case .environment(let name): "$\(name)"
    case .option(let name): name
    }
  }

  fileprivate var fields: [(String, JSON)] {
    switch self {
    case .standard: [("origin", .string("default"))]
    case .file(let path, let line):
      [("origin", .string("file"))] + JSON.path(path.bytes, "file") + [("line", .integer(line))]
    case .environment(let name): [("origin", .string("environment")), ("environment", .string(name))]
    case .option(let name): [("origin", .string("option")), ("option", .string(name))]
    }
  }
}
