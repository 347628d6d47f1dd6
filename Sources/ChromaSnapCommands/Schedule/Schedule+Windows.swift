import SystemPackage

extension Schedule {
  /// A task of the Windows Task Scheduler, which runs the program in the Windows Subsystem for Linux.
  /// - Parameter distribution: The distribution that holds it; otherwise Windows' default one.
  func windowsTask(distribution: String?) -> String {
    let words = (distribution.map { ["--distribution", $0] } ?? []) + ["--exec"] + command
    let arguments = words.map(Self.windowsQuoted).joined(separator: " ")
    let lines =
      [
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>",
        "<!-- Made by `chromasnap schedule install`. -->",
        "<Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">",
        "  <RegistrationInfo>",
        "    <Description>chromasnap \(name): snapshot of \(Self.xmlEscaped(source.string))</Description>",
        "  </RegistrationInfo>", "  <Triggers>",
      ] + recurrence.triggers(delay: delay) + [
        "  </Triggers>", "  <Principals>", "    <Principal id=\"Author\">",
        "      <LogonType>InteractiveToken</LogonType>", "      <RunLevel>LeastPrivilege</RunLevel>",
        "    </Principal>", "  </Principals>", "  <Settings>",
        "    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>",
        "    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>",
        "    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>",
        // A run that the machine slept through is made up for.
        "    <StartWhenAvailable>true</StartWhenAvailable>", "    <Hidden>true</Hidden>", "  </Settings>",
        "  <Actions Context=\"Author\">", "    <Exec>", "      <Command>wsl.exe</Command>",
        "      <Arguments>\(Self.xmlEscaped(arguments))</Arguments>", "    </Exec>", "  </Actions>", "</Task>",
      ]
    return lines.map { $0 + "\n" }.joined()
  }

  /// By the rules of CommandLineToArgvW: backslashes count only before a quotation mark.
  static func windowsQuoted(_ word: String) -> String {
    let isPlain = !word.unicodeScalars.contains { $0 == " " || $0 == "\t" || $0 == "\"" }
    guard word.isEmpty || !isPlain else { return word }
    var backslashes = 0
    let text = word.escaping { scalar in
      if scalar == "\\" {
        backslashes += 1
        return nil
      }
      defer { backslashes = 0 }
      return scalar == "\"" ? String(repeating: "\\", count: backslashes + 1) + "\"" : nil
    }
    return "\"" + text + String(repeating: "\\", count: backslashes) + "\""
  }
}

extension Recurrence {
  fileprivate func triggers(delay: Int) -> [String] {
    switch self {
    case .minutes(let count): [Self.repeated("PT\(count)M", delay)]
    case .hours(let count): [Self.repeated("PT\(count)H", delay)]
    case .daily(let clocks):
      clocks.map { Self.calendar($0, "<ScheduleByDay><DaysInterval>1</DaysInterval></ScheduleByDay>", delay) }
    case .weekly(let day, let clock):
      [
        Self.calendar(
          clock,
          "<ScheduleByWeek><DaysOfWeek><\(day.title) /></DaysOfWeek><WeeksInterval>1</WeeksInterval></ScheduleByWeek>",
          delay)
      ]
    case .monthly(let day, let clock):
      [
        Self.calendar(
          clock,
          "<ScheduleByMonth><DaysOfMonth><Day>\(day)</Day></DaysOfMonth><Months>\(Self.months)</Months></ScheduleByMonth>",
          delay)
      ]
    }
  }

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ].map { "<\($0) />" }.joined()

  private static func repeated(_ interval: String, _ delay: Int) -> String {
    "    <TimeTrigger><StartBoundary>2026-01-01T00:00:00</StartBoundary>"
      + "<Repetition><Interval>\(interval)</Interval></Repetition>"
      + "<RandomDelay>PT\(delay)S</RandomDelay></TimeTrigger>"
  }

  private static func calendar(_ clock: Clock, _ days: String, _ delay: Int) -> String {
    "    <CalendarTrigger><StartBoundary>2026-01-01T\(clock.text):00</StartBoundary>"
      + "<RandomDelay>PT\(delay)S</RandomDelay>\(days)</CalendarTrigger>"
  }
}
