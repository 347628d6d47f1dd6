import ArgumentParser

/// What `snapshot` and `auto` leave out of a snapshot, and write beside it.
struct SavingOptions: ParsableArguments {
  @Option(
    name: .customLong("exclude"),
    help: ArgumentHelp("Leave out what this pattern names, in the manner of .gitignore.", valueName: "pattern"))
  var excludes: [String] = []

  @Flag(
    name: .customLong("exclude-temporary"), inversion: .prefixedNo,
    help: "Leave out logs and temporary files: *.log, *.log.[0-9]*, *.tmp, *.temp, *.swp, *~, .DS_Store, tmp/.")
  var excludesTemporary: Bool?

  @Flag(help: "Write a ZIP too, NAME.zip in the repository's folder; it goes when the snapshot is forgotten.")
  var zip = false
}
