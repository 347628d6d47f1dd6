import ArgumentParser
import ChromaSnap
import SnapshotRepository
import SystemIO
import SystemPackage

struct UndoCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "undo", abstract: "Take back the last restore into a directory.",
    discussion: """
      What the restore replaced comes back, and what it restored is kept in its place: a second undo takes the first one back.

      EXAMPLES
        chromasnap undo ./chroma
        chromasnap undo ./chroma --yes
      """)

  @OptionGroup var source: SourceArgument

  @Flag(help: "Do not ask.")
  var yes = false

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute() throws(SnapshotError) -> Int32 {
    let target = try source.directory(global.settings)
    record { $0.source = target.string }
    var verb = UndoRestore(target)
    verb.repository = global.location
    if !yes, verb.available != nil {
      guard Terminal.canAsk else {
        throw SnapshotError.usage("undo replaces what is in \(target): say --yes where nobody can be asked")
      }
      guard Terminal.confirm("Put what was in \(target) before the last restore back in place?") else {
        throw SnapshotError(.cancelled, "nothing was changed")
      }
    }
    try verb.run()
    render(
      .object([("message_type", .string("undone"))] + JSON.path(target.bytes, "target"))
    ) { ["what was in \(target) before the last restore is back; undo again to reverse that"] }
    return ExitStatus.success
  }
}
