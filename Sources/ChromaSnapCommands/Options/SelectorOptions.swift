import ArgumentParser
import ChromaSnap
import SystemPackage

/// How a snapshot is named on the command line.
struct SelectorOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Only snapshots of the source at this path. Default for latest: the configuration's source, else any.",
      valueName: "dir"),
    completion: .directory)
  var source: String?

  @Option(
    name: .customLong("as-of"),
    help: ArgumentHelp(
      "The last snapshot at or before this time: 2026-11-01, \"2026-11-01 14:30\" (local), or RFC 3339.",
      valueName: "time"))
  var asOf: TimeArgument?

  /// What counts back from the newest means the source of the profile: another's `latest` would be the wrong one to restore.
  func selector(_ id: String, _ settings: Settings) -> SnapshotSelector {
    var selector = SnapshotSelector(id, latestOf: settings[SettingTable.source])
    if let source { selector.source = FilePath(argument: source) }
    selector.asOf = asOf?.time
    return selector
  }
}

extension SnapshotSelector {
  /// What is named may be of any source; a keyword counts back in one, if one is given.
  init(_ id: String, latestOf source: FilePath?) {
    self.init(id)
    if isKeyword { self.source = source }
  }
}

extension SelectorOptions {
  /// From `ID` or `ID:PATH`.
  func browse(_ text: String, _ settings: Settings) -> BrowseSnapshot {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    return BrowseSnapshot(
      selector(String(parts[0]), settings), path: parts.count > 1 ? Arguments.bytes(of: String(parts[1])) : [])
  }
}
