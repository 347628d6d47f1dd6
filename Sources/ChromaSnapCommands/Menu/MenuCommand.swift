import ArgumentParser
import ChromaSnap
import SnapshotRepository

struct MenuCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "menu", abstract: "Choose what to do, on a terminal.",
    discussion: """
      The same as `chromasnap` without a command. Every choice runs one of the other commands, and shows it.

      EXAMPLES
        chromasnap menu
        chromasnap menu --repo /mnt/backup/chroma
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  /// What it runs is.
  var isAudited: Bool { false }

  /// Whether there is somebody to ask.
  static var canRun: Bool { Terminal.canAsk && Terminal.isOutputTerminal }

  func execute() throws(SnapshotError) -> Int32 {
    guard Self.canRun else {
      throw SnapshotError.usage("the menu needs a terminal: in scripts, name a command, such as `chromasnap auto`")
    }
    if global.json {
      throw SnapshotError.usage("the menu prints no JSON: name a command, such as `chromasnap list`")
    }
    Interruption.watch()
    return Menu(global).run()
  }
}
