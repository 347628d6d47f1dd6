extension Schedule {
  private static let begin = "# >>> chromasnap"
  private static let end = "# <<< chromasnap"

  /// The block of a crontab, between two lines by which it is found again.
  var cronBlock: [String] {
    let command = self.command.map(Self.shellQuoted).joined(separator: " ").replacing("%", with: "\\%")
    return ["\(Self.begin) \(name): made by `chromasnap schedule install`, taken away by `chromasnap schedule remove`"]
      + recurrence.cronFields.map { "\($0) \(command)" } + ["\(Self.end) \(name)"]
  }

  /// A crontab with the block in it: in its old place, else at the end. Every other line stays as it is.
  func installed(in crontab: String) -> String {
    let (before, after) = Self.without(name, crontab)
    let ended = before.isEmpty || before.hasSuffix("\n") ? before : before + "\n"
    return ended + cronBlock.map { $0 + "\n" }.joined() + after
  }

  /// A crontab without the block of that name; the same text where there is none.
  static func removed(_ name: String, from crontab: String) -> String {
    let (before, after) = without(name, crontab)
    return before + after
  }

  /// What comes before and after the block.
  private static func without(_ name: String, _ crontab: String) -> (String, String) {
    var (before, after) = ("", "")
    var place = 0
    for line in crontab.split(separator: "\n", omittingEmptySubsequences: false).joinedLines {
      let text = line.hasSuffix("\n") ? line.dropLast() : line[...]
      if place == 0, text.hasPrefix("\(begin) \(name):") {
        place = 1
      } else if place == 1 {
        if text == "\(end) \(name)" { place = 2 }
      } else if place == 0 {
        before += line
      } else {
        after += line
      }
    }
    return (before, after)
  }

  /// For a POSIX shell: plain words as they are, all else between apostrophes.
  static func shellQuoted(_ word: String) -> String {
    let plain = word.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || "/._-+,:@=".utf8.contains(byte)
    }
    return plain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\"'\"'") + "'"
  }
}

extension [Substring] {
  /// The lines with their ends.
  fileprivate var joinedLines: [String] {
    enumerated().compactMap { i, line in
      i + 1 < count ? line + "\n" : line.isEmpty ? nil : String(line)
    }
  }
}

extension Recurrence {
  /// Minute, hour, day, month and weekday; a line each time of day.
  fileprivate var cronFields: [String] {
    switch self {
    case .minutes(let count): [count == 1 ? "* * * * *" : "*/\(count) * * * *"]
    case .hours(let count): [count == 1 ? "0 * * * *" : "0 */\(count) * * *"]
    case .daily(let clocks): clocks.map { "\($0.minute) \($0.hour) * * *" }
    case .weekly(let day, let clock): ["\(clock.minute) \(clock.hour) * * \(day.rawValue)"]
    case .monthly(let day, let clock): ["\(clock.minute) \(clock.hour) \(day) * *"]
    }
  }
}
