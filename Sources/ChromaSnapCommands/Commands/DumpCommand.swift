import ArgumentParser
import ChromaSnap
import SnapshotRepository

struct DumpCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump", abstract: "Write a file of a snapshot to standard output, or a folder as a tar stream.",
    discussion: """
      EXAMPLES
        chromasnap dump latest:chroma.sqlite3 > chroma.sqlite3
        chromasnap dump latest: | tar -x -C ./unpacked
      """)

  @Argument(
    help: ArgumentHelp(
      "A snapshot and a file or folder in it; ID: alone is the whole snapshot.", valueName: "id:path"))
  var what: String

  @OptionGroup var selection: SelectorOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if !what.contains(":") {
      throw ValidationError("Name a file or a folder too: ID:PATH, such as latest:chroma.sqlite3.")
    }
  }

  func execute() throws(SnapshotError) -> Int32 {
    do throws(SnapshotError) {
      try unsafe selection.browse(what, global.settings).dump(in: global.location) { (bytes) throws(SnapshotError) in
        unsafe Terminal.write(bytes)
        if Terminal.isOutputOver { throw Terminal.outputError ?? SnapshotError(.cancelled, "nobody reads on") }
      }
    } catch {
      guard Terminal.isOutputOver, Terminal.outputError == nil else { throw error }
    }
    return ExitStatus.success
  }
}
