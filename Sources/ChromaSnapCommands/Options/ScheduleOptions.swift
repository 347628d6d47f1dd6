import ArgumentParser
import ChromaSnap
import SnapshotRepository
import SystemIO
import SystemPackage

/// Which schedule is meant, and where it lives.
struct ScheduleIdentity: ParsableArguments {
  @Option(help: ArgumentHelp("Who runs it. Default: what this machine has.", valueName: "cron|systemd|launchd|windows"))
  var kind: Schedule.Kind?

  @Option(
    name: .customLong("as"),
    help: ArgumentHelp("The schedule's own name. Default: that of the profile, else auto.", valueName: "name"))
  var name: String?

  enum Owner: String, EnumerableFlag { case system, user }

  @Flag(help: "Whether the machine or the user owns it. Default: the machine for root, else the user.")
  var owner: Owner?

  func validate() throws {
    guard let name else { return }
    guard ConfigurationFile.isPlainName(name) else {
      throw ValidationError("--as takes a name of letters, digits, - and _, 64 at most.")
    }
  }

  var isSystem: Bool { owner.map { $0 == .system } ?? (Platform.userID == 0) }

  func name(_ settings: Settings) -> String { name ?? settings.profile ?? "auto" }

  func place(_ kind: Schedule.Kind) -> SchedulePlace {
    SchedulePlace(kind: kind, isSystem: isSystem, home: Environment.home ?? "/")
  }

  /// The kind that was chosen, else what this machine has.
  func chosenKind() throws(SnapshotError) -> Schedule.Kind {
    if let kind = kind ?? SchedulePlace.usualKind { return kind }
    throw SnapshotError(
      .failed, "there is neither systemd nor cron nor launchd on this machine",
      hint: "Choose one of them with --kind, and `schedule show` prints what it needs.")
  }
}

extension Schedule.Kind: ExpressibleByArgument {}

/// What a schedule does, and when.
struct ScheduleOptions: ParsableArguments {
  @OptionGroup var source: SourceArgument

  @Option(
    help: ArgumentHelp("When: \(Recurrence.forms). Default: the configuration's, else daily.", valueName: "when"))
  var every: Recurrence?

  @Option(
    help: ArgumentHelp(
      "By how much a run may be late at random (not with cron). Default: a tenth of the interval, 5m at most.",
      valueName: "duration"))
  var delay: Duration?

  @OptionGroup(title: "Options of auto") var auto: AutoOptions
  @OptionGroup var identity: ScheduleIdentity

  func schedule(_ global: GlobalOptions) throws(SnapshotError) -> (Schedule, SchedulePlace) {
    let settings = global.settings
    // What each run would be refused for.
    _ = try settings.snapshotName()
    let kind = try identity.chosenKind()
    let recurrence = try settings.value(SettingTable.every, option: every)
    let directory = try source.directory(settings)
    var command = [try Self.program(), "auto"]
    // What the file says is read from the file at each run.
    if source.path != nil || !settings.isFromFile(SettingTable.source) {
      command.append(Arguments.text(of: directory.bytes))
    }
    command += auto.arguments
    if kind == .cron { command.append("--quiet") }
    command += try settings.inheritedArguments()
    for word in command {
      if let problem = Schedule.problem(in: word, kind: kind) {
        throw SnapshotError(
          .usage, "'\(Arguments.shown(word))' \(problem): it can't be part of a schedule",
          hint: "Give it another name, or a symbolic link with one.")
      }
    }
    let files = [SettingTable.logFile, SettingTable.metricsFile].compactMap { settings[$0]?.removingLastComponent() }
    let delay = try settings.value(SettingTable.delay, option: delay)
    let schedule = Schedule(
      name: identity.name(settings), recurrence: recurrence,
      delay: delay.map { Int($0.seconds) } ?? min(300, recurrence.seconds / 10), command: command,
      writable: [global.repositoryFolder, settings[SettingTable.cacheFolder], directory] + files, source: directory,
      isSystem: identity.isSystem, home: Environment.home ?? "/")
    return (schedule, identity.place(kind))
  }

  /// This very program, from the root.
  private static func program() throws(SnapshotError) -> String {
    let first = CommandLine.arguments.first ?? Program.name
    let candidates =
      ["/proc/self/exe", first]
      + (Environment.value("PATH") ?? "").split(separator: ":").map { "\($0)/\(first)" }
    for candidate in candidates {
      if let path = try? FileSystem.resolve(FilePath(candidate)) { return Arguments.text(of: path.bytes) }
    }
    throw SnapshotError(.failed, "where this program lies can't be found out", hint: "Call it by its full path.")
  }
}

extension Recurrence: ExpressibleByArgument {
  init?(argument: String) { self.init(argument) }
}

extension Settings {
  func isFromFile(_ setting: any AnySetting) -> Bool {
    if case .file = origin(of: setting) { return true }
    return false
  }

  /// The options by which a run without this environment, and elsewhere, finds what is in force here.
  fileprivate func inheritedArguments() throws(SnapshotError) -> [String] {
    var words: [String] = []
    if let file { words += ["--config", Arguments.text(of: file.path.bytes)] }
    if let profile { words += ["--profile", profile] }
    try requireOptions()
    for setting in SettingTable.general where !isFromFile(setting) {
      let isPlace = setting.key == SettingTable.repository.key || setting.key == SettingTable.cacheFolder.key
      guard let option = setting.option, isPlace || origin(of: setting) != .standard else { continue }
      let value = value(of: setting)
      let texts = (value as? [String]) ?? [(value as? FilePath).map { Arguments.text(of: $0.bytes) } ?? value.text]
      if setting.isSecret, texts.contains(where: { Secret.masked(hook: $0) != $0 }) {
        throw SnapshotError(
          .usage, "\(option) may hold a secret, and everybody can read the command line of a schedule",
          hint: "Put it into the configuration file, or into a file of its own: \(option) @FILE.")
      }
      words += texts.flatMap { [option, $0] }
    }
    return words
  }

  /// What only a variable says, and no option of `auto` can, would be lost without a word.
  private func requireOptions() throws(SnapshotError) {
    // The source is an argument of its own.
    let inherited = (SettingTable.general + [SettingTable.source]).map(\.key)
    for setting in SettingTable.all where !inherited.contains(setting.key) {
      guard case .environment(let name) = origin(of: setting) else { continue }
      throw SnapshotError(
        .usage, "\(name) is set, and `auto` has no option by which a schedule could say the same",
        hint: "Write `\(setting.key)` into the configuration file, and unset \(name).")
    }
  }
}
