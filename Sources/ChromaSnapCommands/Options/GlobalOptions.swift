import ArgumentParser
import ChromaSnap
import SnapshotRepository
import SystemIO
import SystemPackage

/// The options that every command takes.
struct GlobalOptions: ParsableArguments {
  @Option(
    name: [.customShort("r"), .customLong("repo")],
    help: ArgumentHelp(
      "The repository. Default: $CHROMASNAP_REPO, else ./chromadb_backups.", valueName: "path"),
    completion: .directory)
  var repository: String?

  @Option(
    name: .customLong("cache-dir"),
    help: ArgumentHelp(
      "Where the local cache lies. Default: $CHROMASNAP_CACHE_DIR, else the user's cache folder.",
      valueName: "path"),
    completion: .directory)
  var cacheFolder: String?

  @Flag(name: .long, help: "Print JSON.")
  var json = false

  @Flag(name: [.customShort("q"), .long], help: "Print only errors.")
  var quiet = false

  @Flag(
    name: [.customShort("v"), .long],
    help: "Print more: all warnings, debug messages, progress with --json.")
  var verbose: Int

  @Option(
    name: .customLong("lock-timeout"),
    help: ArgumentHelp(
      "How long to wait for another process, such as 30s or 5m; 0 does not wait. Default: 60s.",
      valueName: "duration"))
  var lockTimeout: Duration?

  @Option(
    name: .customLong("config"),
    help: ArgumentHelp(
      "The configuration file. Default: $CHROMASNAP_CONFIG, else chromasnap.toml here, in the user's folder, in /etc.",
      valueName: "file"),
    completion: .file())
  var configuration: String?

  @Option(help: ArgumentHelp("The profile of the configuration. Default: $CHROMASNAP_PROFILE.", valueName: "name"))
  var profile: String?

  private var loaded = LoadedSettings()

  @Option(
    name: .customLong("log-file"),
    help: ArgumentHelp(
      "A log to add to; it is rotated at 10 MiB. Default: $CHROMASNAP_LOG_FILE, else none.", valueName: "path"),
    completion: .file())
  var logFile: String?

  @Option(
    name: .customLong("log-format"),
    help: ArgumentHelp(
      "Format of the log file; without a log file, of standard error. Default: $CHROMASNAP_LOG_FORMAT, else text.",
      valueName: "text|json"))
  var logFormat: LogFormat?

  @Option(
    name: .customLong("notify"),
    help: ArgumentHelp(
      "Whom to tell: WHEN=COMMAND, WHEN=URL, URL, or none; @FILE for what is secret. May be given several times. Default: "
        + "$CHROMASNAP_NOTIFY.",
      valueName: "hook"))
  var notify: [String] = []

  @Option(
    name: .customLong("metrics-file"),
    help: ArgumentHelp(
      "Metrics for Prometheus to add to. Default: $CHROMASNAP_METRICS_FILE, else none.", valueName: "path"),
    completion: .file())
  var metricsFile: String?

  var isVerbose: Bool { verbose > 0 }

  /// What is in force; there once the command runs.
  var settings: Settings { loaded.settings! }

  /// What is in force, of a command that asks for settings at all.
  var loadedSettings: Settings? { loaded.settings }

  /// Reads configuration and environment, and lets the options win: a line for each.
  mutating func loadSettings() throws(SnapshotError) {
    var settings = try Settings(configuration: configuration, profile: profile)
    try settings.take(SettingTable.repository, option: namedRepository)
    try settings.take(SettingTable.cacheFolder, option: cacheFolder.map(FilePath.init(argument:)))
    try settings.take(SettingTable.lockTimeout, option: lockTimeout)
    try settings.take(SettingTable.logFile, option: logFile.map(FilePath.init(argument:)))
    try settings.take(SettingTable.logFormat, option: logFormat?.rawValue)
    try settings.take(SettingTable.metricsFile, option: metricsFile.map(FilePath.init(argument:)))
    try settings.take(SettingTable.notify, option: notify.isEmpty ? nil : notify)
    loaded.settings = settings
  }

  /// The repository that is meant.
  var location: RepositoryLocation {
    RepositoryLocation(
      folder: repositoryFolder, caches: settings[SettingTable.cacheFolder],
      lockTimeout: settings[SettingTable.lockTimeout].seconds, isCancelled: { Interruption.caught != nil })
  }

  var repositoryFolder: FilePath { settings[SettingTable.repository] }

  /// The same for whoever is told of the run; empty where a mistake in the settings hides it.
  var repositoryText: String { (loadedSettings?[SettingTable.repository] ?? namedRepository)?.string ?? "" }

  private var namedRepository: FilePath? { repository.map(FilePath.init(argument:)) }
}

/// A place in the options that no argument fills.
private struct LoadedSettings: Decodable {
  var settings: Settings?

  init() {}
  init(from decoder: any Decoder) {}
}

extension LogFormat: ExpressibleByArgument {}
