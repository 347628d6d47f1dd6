import ArgumentParser
import ChromaSnap
import SnapshotRepository
import SystemIO
import SystemPackage

/// The directory that a command is about.
struct SourceArgument: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "The directory. Default: the configuration's source, else the Chroma directory found in the usual places.",
      valueName: "source"),
    completion: .directory)
  var path: String?

  /// What somebody named: here, else in the configuration.
  func named(_ settings: Settings) -> FilePath? {
    path.map { FilePath(argument: $0) } ?? settings[SettingTable.source]
  }

  /// What was named, else the Chroma directory in the usual places.
  func directory(_ settings: Settings) throws(SnapshotError) -> FilePath {
    if let named = named(settings) { return named }
    return try SourceLocator.find(in: FileSystem.currentFolder)
  }
}
