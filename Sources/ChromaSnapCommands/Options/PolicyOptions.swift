import ArgumentParser
import ChromaSnap

/// The rules of a keep policy. Any of them replaces the configuration's policy as a whole.
struct PolicyOptions: ParsableArguments {
  @Option(name: .customLong("keep-last"), help: ArgumentHelp("Keep the newest n.", valueName: "n"))
  var last: Int?

  @Option(
    name: .customLong("keep-hourly"),
    help: ArgumentHelp("Keep the newest snapshot of each of the last n hours that have one.", valueName: "n"))
  var hourly: Int?

  @Option(
    name: .customLong("keep-daily"),
    help: ArgumentHelp("Keep the newest snapshot of each of the last n days that have one.", valueName: "n"))
  var daily: Int?

  @Option(
    name: .customLong("keep-weekly"),
    help: ArgumentHelp("Keep the newest snapshot of each of the last n weeks that have one.", valueName: "n"))
  var weekly: Int?

  @Option(
    name: .customLong("keep-monthly"),
    help: ArgumentHelp("Keep the newest snapshot of each of the last n months that have one.", valueName: "n"))
  var monthly: Int?

  @Option(
    name: .customLong("keep-yearly"),
    help: ArgumentHelp("Keep the newest snapshot of each of the last n years that have one.", valueName: "n"))
  var yearly: Int?

  @Option(
    name: .customLong("keep-within"),
    help: ArgumentHelp(
      "Keep every snapshot at most this much older than the newest, such as 14d.", valueName: "duration"))
  var within: Duration?

  @Option(
    name: .customLong("keep-tag"),
    help: ArgumentHelp("Keep all with this tag; may be given several times.", valueName: "tag"))
  var tags: [String] = []

  @Option(
    name: .customLong("max-backups"),
    help: ArgumentHelp("The same as --keep-last: rotate to the newest.", valueName: "n"))
  var maxBackups: Int?

  func validate() throws {
    let counts = [last, maxBackups, hourly, daily, weekly, monthly, yearly].compactMap { $0 }
    guard counts.allSatisfy({ $0 >= 0 }), last != 0, maxBackups != 0 else {
      throw ValidationError("The numbers of a policy are not negative, and --keep-last and --max-backups at least 1.")
    }
  }

  var isEmpty: Bool {
    [last, maxBackups, hourly, daily, weekly, monthly, yearly].allSatisfy { $0 == nil } && within == nil && tags.isEmpty
  }

  /// The policy of the command line if it names any rule, else the configuration's.
  func policy(_ settings: Settings) -> KeepPolicy { isEmpty ? Self.configured(settings) : policy }

  /// The configuration's policy; it may have no rule.
  static func configured(_ settings: Settings) -> KeepPolicy {
    var policy = KeepPolicy()
    policy.last = max(settings[SettingTable.keepLast] ?? 0, settings[SettingTable.maxBackups] ?? 0)
    policy.hourly = settings[SettingTable.keepHourly]
    policy.daily = settings[SettingTable.keepDaily]
    policy.weekly = settings[SettingTable.keepWeekly]
    policy.monthly = settings[SettingTable.keepMonthly]
    policy.yearly = settings[SettingTable.keepYearly]
    policy.within = settings[SettingTable.keepWithin]?.seconds
    policy.tags = settings[SettingTable.keepTags]
    return policy
  }

  private var policy: KeepPolicy {
    var policy = KeepPolicy()
    policy.last = max(last ?? 0, maxBackups ?? 0)
    policy.hourly = hourly ?? 0
    policy.daily = daily ?? 0
    policy.weekly = weekly ?? 0
    policy.monthly = monthly ?? 0
    policy.yearly = yearly ?? 0
    policy.within = within?.seconds
    policy.tags = tags
    return policy
  }
}
