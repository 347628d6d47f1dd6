import ArgumentParser
import ChromaSnap
import SnapshotRepository
import SystemPackage

struct InitCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Make a new repository.",
    discussion: """
      A folder that holds nothing but old ZIP backups is accepted; they are never touched.

      EXAMPLES
        chromasnap init
        chromasnap init --repo /mnt/backup/chroma
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute() throws(SnapshotError) -> Int32 {
    try global.location.create()
    render(
      .object([
        ("message_type", .string("initialized")), ("repository", .string(global.repositoryFolder.string)),
      ])
    ) { ["made repository \(global.repositoryFolder)"] }
    return ExitStatus.success
  }
}
