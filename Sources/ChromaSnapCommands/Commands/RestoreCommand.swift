import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

struct RestoreCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Write a snapshot's files into a directory.",
    discussion: """
      Every byte is proved before anything is put in place. A target that holds something is replaced only with --force; \
      what was there is kept until `undo`, the next restore, or not at all with --no-undo.

      EXAMPLES
        chromasnap restore latest --to ./restored
        chromasnap restore before_upgrade_20261124_080000 --to ./chroma --force
        chromasnap restore latest~3 --to ./one-file --include chroma.sqlite3
        chromasnap restore --as-of 2026-11-01 --to ./november --dry-run
      """)

  @Argument(help: "The snapshot: latest, latest~N, a name, or the first digits of its id.")
  var id = "latest"

  @Option(help: ArgumentHelp("The directory to restore into.", valueName: "dir"))
  var to: String

  @Option(
    name: .customLong("include"),
    help: ArgumentHelp("Restore only what this pattern names, in the manner of .gitignore.", valueName: "pattern"))
  var includes: [String] = []

  @Option(
    name: .customLong("exclude"), help: ArgumentHelp("Leave out what this pattern names.", valueName: "pattern"))
  var excludes: [String] = []

  @Flag(name: .customLong("dry-run"), help: "Show what would be restored; write nothing.")
  var dryRun = false

  @Flag(help: "Replace what the target holds.")
  var force = false

  @Flag(name: .customLong("no-undo"), help: "Do not keep what the target held.")
  var noUndo = false

  @OptionGroup var selection: SelectorOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute() throws(SnapshotError) -> Int32 {
    var verb = RestoreSnapshot(selection.selector(id), to: FilePath(argument: to))
    verb.includes = includes
    verb.excludes = excludes
    verb.replacesTarget = force
    verb.keepsUndo = !noUndo
    verb.isDryRun = dryRun
    let (location, request) = (global.location, verb)
    let summary = try watching { (activity) throws(SnapshotError) in try request.run(in: location, activity: activity) }
    report(summary.warnings)
    render(Self.json(summary, dryRun: dryRun)) { Self.text(summary, dryRun: dryRun) }
    return ExitStatus.success
  }

  private static func text(_ summary: RestoreSnapshot.Summary, dryRun: Bool) -> [String] {
    let what = "\(Wording.count(summary.files, "file")), \(Wording.bytes(summary.bytes))"
    if dryRun {
      return summary.paths.map(\.displayPath) + ["would restore \(what) of \(summary.snapshot.manifest.name)"]
    }
    var lines = [
      "restored \(summary.snapshot.id.short)  \(summary.snapshot.manifest.name)",
      "to       \(summary.target)",
      "files    \(what), every chunk verified, in \(Wording.duration(summary.duration))",
    ]
    if summary.undoAvailable { lines.append("undo     chromasnap undo \(summary.target)") }
    return lines
  }

  private static func json(_ summary: RestoreSnapshot.Summary, dryRun: Bool) -> JSON {
    .object(
      [("message_type", .string("summary")), ("snapshot_id", .string(summary.snapshot.id.description))]
        + JSON.path(summary.target.bytes, "target") + [
          ("dry_run", .bool(dryRun)), ("files_restored", .integer(dryRun ? 0 : summary.files)),
          ("bytes_restored", .integer(dryRun ? 0 : summary.bytes)), ("files_reused", .integer(0)),
          ("safety_snapshot_id", .null), ("undo_available", .bool(summary.undoAvailable)),
          ("verified", .bool(!dryRun)), ("health", .string("unchecked")), ("duration", .number(summary.duration)),
          ("warnings", .array(summary.warnings.map(\.json))),
        ])
  }
}
