import ChromaSnap
import SnapshotRepository
import SystemIO
import SystemPackage

extension SnapCommand {
  /// The directory that was named, else the configuration's, else the Chroma directory in the usual places, which is then
  /// said.
  func locate(_ source: String?) throws(SnapshotError) -> FilePath {
    if let source { return FilePath(argument: source) }
    if let source = global.settings[SettingTable.source] { return source }
    let found = try SourceLocator.find(in: FileSystem.currentFolder)
    if !global.json, !global.quiet { Terminal.printError("source: \(found)") }
    return found
  }
}
