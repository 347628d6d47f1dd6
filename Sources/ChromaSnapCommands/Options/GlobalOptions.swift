import ArgumentParser
import ChromaSnap
import SystemIO
import SystemPackage

/// The options that every command takes.
struct GlobalOptions: ParsableArguments {
  @Option(
    name: [.customShort("r"), .customLong("repo")],
    help: ArgumentHelp(
      "The repository. Default: $CHROMASNAP_REPO, else ./chromadb_backups.", valueName: "path"))
  var repository: String?

  @Option(
    name: .customLong("cache-dir"),
    help: ArgumentHelp(
      "Where the local catalogue lies. Default: $CHROMASNAP_CACHE_DIR, else the user's cache folder.",
      valueName: "path"))
  var cacheFolder: String?

  @Flag(name: .long, help: "Print JSON.")
  var json = false

  @Flag(name: [.customShort("q"), .long], help: "Say nothing but errors.")
  var quiet = false

  @Flag(name: [.customShort("v"), .long], help: "Say more.")
  var verbose: Int

  @Option(
    name: .customLong("lock-timeout"),
    help: ArgumentHelp(
      "How long to wait for another process, such as 30s or 5m; 0 fails at once.", valueName: "duration"))
  var lockTimeout = Duration(seconds: 60)

  var isVerbose: Bool { verbose > 0 }

  /// The repository that is meant.
  var location: RepositoryLocation {
    RepositoryLocation(
      folder: repositoryFolder, caches: CacheFolder.find(cacheFolder), lockTimeout: lockTimeout.seconds,
      isCancelled: { Interruption.caught != nil })
  }

  var repositoryFolder: FilePath {
    repository.map(FilePath.init(argument:)) ?? Environment.path("CHROMASNAP_REPO")
      ?? FilePath("chromadb_backups").absolute
  }
}

/// A length of time as people write it: `90`, `90s`, `5m`, `2h`, `7d`, `2w`.
struct Duration: ExpressibleByArgument {
  var seconds: Double

  init(seconds: Double) { self.seconds = seconds }

  init?(argument: String) {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
    let unit = argument.last.flatMap { units[$0] }
    guard let number = Double(unit == nil ? argument : String(argument.dropLast())), number >= 0, number.isFinite else {
      return nil
    }
    seconds = number * (unit ?? 1)
  }

  var defaultValueDescription: String { "\(Int(seconds))s" }
}
