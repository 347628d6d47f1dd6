import ChromaSnap
import SystemIO
import SystemPackage

/// All that can be set. Validation, `config show` and the documentation's table follow from this one.
enum SettingTable {
  static let repository = Setting(
    "repository", FilePath("chromadb_backups").absolute, described: "./chromadb_backups", option: "--repo",
    environment: "CHROMASNAP_REPO", "The repository's folder.")
  static let cacheFolder = Setting(
    "cache-dir", CacheFolder.usual, described: "the user's cache folder", option: "--cache-dir",
    environment: "CHROMASNAP_CACHE_DIR",
    "The folder of the local cache: a catalogue, hashes of blocks, at most 512 MiB of the sources' bytes per repository."
  )
  static let lockTimeout = Setting(
    "lock-timeout", Duration(seconds: 60), option: "--lock-timeout", environment: "CHROMASNAP_LOCK_TIMEOUT",
    "How long to wait for another process; 0 fails at once, after a second where Chroma holds its database.")

  static let source = Setting<FilePath?>(
    "source", nil, described: "the Chroma directory in the usual places", environment: "CHROMASNAP_SOURCE",
    "The directory to snapshot. `forget` keeps to its snapshots, and `latest` means its last one.")
  /// Read by ``Settings/snapshotName(option:)``.
  static let name = Setting(
    "name", SnapshotName.standard, option: "--name", "What snapshots are called; the date and time are added.")
  static let tags = Setting<[String]>("tags", [], option: "--tag", "Tags of each snapshot.")
  static let description = Setting("description", "", option: "--description", "A sentence about each snapshot.")
  static let excludes = Setting<[String]>(
    "exclude", [], option: "--exclude", "What is left out, in the manner of .gitignore.")
  static let excludesTemporary = Setting(
    "exclude-temporary", false, option: "--exclude-temporary", "Leave out logs and temporary files.")
  static let includesOrphans = Setting(
    "include-orphans", false, option: "--include-orphans", "Take the folders of deleted collections too.")
  static let skipsUnchanged = Setting(
    "skip-if-unchanged", false, option: "--skip-if-unchanged", "Write no snapshot where nothing has changed.")
  static let health = Setting(
    "health", true, option: "--health, --no-health", "Examine each snapshot of a Chroma directory.")
  static let healthLimit = Setting(
    "health-limit", Duration(seconds: 120), option: "--health-limit",
    "How long an examination may take; longer, it ends without a verdict.")
  static let level = Setting(
    "level", 1, option: "--level", environment: "CHROMASNAP_LEVEL", problem: { within($0, 1...19) },
    "zstd's level for new chunks, 1 to 19.")
  static let maxUnused = Setting(
    "max-unused", Fraction(0.05), option: "--max-unused",
    "How much unused data may stay, as a share of the data in use. Default: 5%."
  )

  static let logFile = Setting<FilePath?>(
    "log-file", nil, described: "none", option: "--log-file", environment: "CHROMASNAP_LOG_FILE", "The log.")
  static let logFormat = Setting(
    "log-format", "text", option: "--log-format", environment: "CHROMASNAP_LOG_FORMAT",
    problem: { ["text", "json"].contains($0) ? nil : "is \"\($0)\", and must be \"text\" or \"json\"" },
    "The log's form: \"text\" or \"json\".")
  static let metricsFile = Setting<FilePath?>(
    "metrics-file", nil, described: "none", option: "--metrics-file", environment: "CHROMASNAP_METRICS_FILE",
    "A textfile for Prometheus' node exporter.")

  static let notify = Setting<[String]>(
    "notify", [], option: "--notify", environment: "CHROMASNAP_NOTIFY", isSecret: true,
    located: { hooks, folder in hooks.map { HookSources.located($0, in: folder) } },
    "Whom to tell about runs, each as `--notify` takes it.")
  static let notifyFile = Setting<FilePath?>(
    "notify-file", nil, described: "none", environment: "CHROMASNAP_NOTIFY_FILE",
    "A file that holds more of them, a line each: for a URL that is a secret.")
  static let notifyCommand = Setting<String?>(
    "notify-command", nil, described: "none", "A command of the shell that prints more of them, a line each.")

  static let keepLast = Setting<Int?>(
    "retention.keep-last", nil, described: "none", option: "--keep-last", problem: { atLeast(1, $0) },
    "Keep the newest n.")
  static let keepHourly = keep("hourly", "Keep the newest snapshot of each of the last n hours that have one.")
  static let keepDaily = keep("daily", "Keep the newest snapshot of each of the last n days that have one.")
  static let keepWeekly = keep("weekly", "Keep the newest snapshot of each of the last n weeks that have one.")
  static let keepMonthly = keep("monthly", "Keep the newest snapshot of each of the last n months that have one.")
  static let keepYearly = keep("yearly", "Keep the newest snapshot of each of the last n years that have one.")
  static let keepWithin = Setting<Duration?>(
    "retention.keep-within", nil, described: "none", option: "--keep-within",
    "Keep every snapshot at most this much older than the newest, such as 14d.")
  static let keepTags = Setting<[String]>("retention.keep-tag", [], option: "--keep-tag", "All with one of these tags.")
  static let maxBackups = Setting<Int?>(
    "retention.max-backups", nil, described: "none", option: "--max-backups",
    problem: { atLeast(1, $0) }, "The same as keep-last. `auto` keeps 10 where there is no policy.")

  static let every = Setting(
    "schedule.every", Recurrence.daily([Recurrence.usualTime]), option: "--every", "When `auto` runs.")
  static let delay = Setting<Duration?>(
    "schedule.delay", nil, described: "a tenth of the interval, 5m at most", option: "--delay",
    "By how much a run may be late at random (not with cron).")

  /// Those that every command has an option for.
  static let general: [any AnySetting] = [
    repository, cacheFolder, lockTimeout, logFile, logFormat, metricsFile, notify,
  ]

  /// In the order in which they are shown.
  static let all: [any AnySetting] = [
    repository, cacheFolder, lockTimeout, source, name, tags, description, excludes, excludesTemporary,
    includesOrphans, skipsUnchanged, health, healthLimit, level, maxUnused, logFile, logFormat, metricsFile, notify,
    notifyFile,
    notifyCommand, keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly, keepWithin, keepTags,
    maxBackups, every, delay,
  ]

  private static func keep(_ which: String, _ documentation: String) -> Setting<Int> {
    Setting(
      "retention.keep-\(which)", 0, option: "--keep-\(which)", problem: { atLeast(0, $0) }, documentation)
  }

  private static func atLeast(_ least: Int, _ value: Int?) -> String? {
    value.flatMap { $0 < least ? "is \($0), and must be at least \(least)" : nil }
  }

  private static func within(_ value: Int, _ allowed: ClosedRange<Int>) -> String? {
    allowed.contains(value)
      ? nil : "is \(value), and must be from \(allowed.lowerBound) to \(allowed.upperBound)"
  }
}
