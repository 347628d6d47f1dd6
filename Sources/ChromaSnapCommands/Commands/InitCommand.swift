import ArgumentParser
import ChromaSnap
import SnapshotRepository
import SystemPackage

struct InitCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Make a new repository.",
    discussion: """
      A folder that holds nothing but old ZIP backups is accepted; they are never touched. A repository that has lost its \
      config gets one again: the old one, where a copy is left in the cache, else a new one.

      EXAMPLES
        chromasnap init
        chromasnap init --repo /mnt/backup/chroma
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute() throws(SnapshotError) -> Int32 {
    let wasThere = try global.location.recreate()
    if !wasThere { try global.location.create() }
    render(
      .object(
        [("message_type", .string("initialized"))] + JSON.path(global.repositoryFolder, "repository"))
    ) {
      wasThere
        ? ["gave repository \(global.repositoryFolder) its config again; its snapshots are there"]
        : ["made repository \(global.repositoryFolder)"]
    }
    return ExitStatus.success
  }
}
