import SystemPackage

extension Schedule {
  /// launchd's property list.
  var propertyList: String {
    let log =
      isSystem ? FilePath("/Library/Logs/\(label).log") : home.pushing(FilePath("Library/Logs/\(label).log"))
    var lines = [
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
      "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">",
      "<!-- Made by `chromasnap schedule install`; `chromasnap schedule remove` takes it away. -->",
      "<plist version=\"1.0\">", "<dict>", "  <key>Label</key>", "  <string>\(label)</string>",
      "  <key>ProgramArguments</key>", "  <array>",
    ]
    lines += command.map { "    <string>\(Self.xmlEscaped($0))</string>" } + ["  </array>"]
    lines += recurrence.launchdKeys
    lines += ["StandardOutPath", "StandardErrorPath"].flatMap {
      ["  <key>\($0)</key>", "  <string>\(Self.xmlEscaped(log.string))</string>"]
    }
    lines += [
      "  <key>ProcessType</key>", "  <string>Background</string>", "  <key>LowPriorityIO</key>", "  <true/>",
      "  <key>Umask</key>", "  <integer>\(0o077)</integer>", "</dict>", "</plist>",
    ]
    return lines.map { $0 + "\n" }.joined()
  }

  static func xmlEscaped(_ text: String) -> String {
    text.escaping { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      default: nil
      }
    }
  }
}

extension Recurrence {
  fileprivate var launchdKeys: [String] {
    switch self {
    case .minutes, .hours: return ["  <key>StartInterval</key>", "  <integer>\(seconds)</integer>"]
    case .daily(let clocks): return Self.calendar(clocks.map { Self.fields($0) })
    case .weekly(let day, let clock): return Self.calendar([[("Weekday", day.rawValue)] + Self.fields(clock)])
    case .monthly(let day, let clock): return Self.calendar([[("Day", day)] + Self.fields(clock)])
    }
  }

  private static func fields(_ clock: Clock) -> [(String, Int)] { [("Hour", clock.hour), ("Minute", clock.minute)] }

  private static func calendar(_ times: [[(String, Int)]]) -> [String] {
    ["  <key>StartCalendarInterval</key>", "  <array>"]
      + times.map { fields in
        "    <dict>" + fields.map { "<key>\($0.0)</key><integer>\($0.1)</integer>" }.joined() + "</dict>"
      } + ["  </array>"]
  }
}
