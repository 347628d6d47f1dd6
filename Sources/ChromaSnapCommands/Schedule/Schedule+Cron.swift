extension Schedule {
  /// How the first and the last line of a block in a crontab begin; see ``Crontab``.
  static let cronBegin = "# >>> chromasnap"
  static let cronEnd = "# <<< chromasnap"

  /// The block of a crontab, between two lines by which it is found again.
  var cronBlock: [String] {
    let command = self.command.map(Self.shellQuoted).joined(separator: " ").escaping { $0 == "%" ? "\\%" : nil }
    let remark = "made by `chromasnap schedule install`, taken away by `chromasnap schedule remove`"
    return ["\(Self.cronBegin) \(name): \(remark)"]
      + recurrence.cronFields.map { "\($0) \(command)" } + ["\(Self.cronEnd) \(name)"]
  }

  /// For a POSIX shell: plain words as they are, all else between apostrophes.
  static func shellQuoted(_ word: String) -> String {
    let plain = word.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || "/._-+,:@=".utf8.contains(byte)
    }
    return plain && !word.isEmpty ? word : "'" + word.escaping { $0 == "'" ? "'\"'\"'" : nil } + "'"
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
