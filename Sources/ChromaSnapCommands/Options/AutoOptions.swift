import ArgumentParser
import ChromaSnap

/// What an automatic run does; a schedule takes the same, and hands it on.
struct AutoOptions: ParsableArguments {
  @Option(
    name: .customLong("max-backups"),
    help: ArgumentHelp("How many automatic snapshots stay. Default: \(AutomaticBackup.usualBackups).", valueName: "n"))
  var maxBackups: Int?

  @Flag(name: .customLong("no-cleanup"), help: "Remove nothing.")
  var noCleanup = false

  @Flag(name: .customLong("even-if-unchanged"), help: "Take a snapshot although nothing has changed.")
  var evenIfUnchanged = false

  @OptionGroup var saving: SavingOptions

  func validate() throws {
    if let maxBackups, maxBackups < 1 { throw ValidationError("--max-backups takes a number of at least 1.") }
  }

  /// Which snapshots stay; `nil` where neither the command line nor the configuration says.
  func policy(_ settings: Settings) -> KeepPolicy? {
    var policy = PolicyOptions.configured(settings)
    if let maxBackups {
      policy = KeepPolicy()
      policy.last = maxBackups
    }
    return policy.isEmpty ? nil : policy
  }

  /// The same options as arguments.
  var arguments: [String] {
    var words = maxBackups.map { ["--max-backups", "\($0)"] } ?? []
    if noCleanup { words.append("--no-cleanup") }
    if saving.zip { words.append("--zip") }
    if evenIfUnchanged { words.append("--even-if-unchanged") }
    words += saving.excludes.map { "--exclude=\($0)" }
    if let isTidy = saving.excludesTemporary {
      words.append(isTidy ? "--exclude-temporary" : "--no-exclude-temporary")
    }
    return words
  }
}
