import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository

struct VersionCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Show the program's version and the repository format's.",
    discussion: """
      EXAMPLES
        chromasnap version
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  static let usesSettings = false
  var isAudited: Bool { false }

  func execute() throws(SnapshotError) -> Int32 {
    let format = RepositoryConfig.currentVersion
    render(
      .object([
        ("message_type", .string("version")), ("version", .string(Program.version)),
        ("format_version", .integer(format)),
      ])
    ) { ["\(Program.nameAndVersion) (repository format \(format))"] }
    return ExitStatus.success
  }
}
