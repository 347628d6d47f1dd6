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
      Every byte is proved, and a Chroma directory examined, before anything is put in place. Without --to it goes back to where \
      it came from: what is there now is stored as a snapshot first (tag pre-restore), and a terminal asks; scripts say \
      --yes. What was replaced is kept until `undo`, the next restore, or not at all with --no-undo. A directory that a process \
      has open is not replaced unless --force says so.

      EXAMPLES
        chromasnap restore
        chromasnap restore latest --to ./restored
        chromasnap restore before_upgrade_20261124_080000 --yes
        chromasnap restore latest~3 --to ./one-file --include chroma.sqlite3
        chromasnap restore --as-of 2026-11-01 --to ./november --dry-run
        chromasnap restore latest --verify-only
      """)

  @Argument(
    help: ArgumentHelp(
      "The snapshot: latest, latest~N, a name, or the first digits of its id. Default: latest, not "
        + "counting snapshots tagged pre-restore."))
  var id: String?

  @Option(
    help: ArgumentHelp("The directory to restore into. Default: where the snapshot came from.", valueName: "dir"),
    completion: .directory)
  var to: String?

  @Option(
    name: .customLong("include"),
    help: ArgumentHelp("Restore only what this pattern names, in the manner of .gitignore.", valueName: "pattern"))
  var includes: [String] = []

  @Option(
    name: .customLong("exclude"), help: ArgumentHelp("Leave out what this pattern names.", valueName: "pattern"))
  var excludes: [String] = []

  @Flag(name: .customLong("dry-run"), help: "Show what would be restored, or why it would be refused; write nothing.")
  var dryRun = false

  @Flag(help: "Do not ask.")
  var yes = false

  @Flag(help: "Replace what --to holds, and go on although a process has it open. Does not ask.")
  var force = false

  @Flag(name: .customLong("verify-only"), help: "Restore to a scratch folder, examine it, remove it.")
  var verifyOnly = false

  @Flag(name: .customLong("no-undo"), help: "Do not keep what was replaced, unless the snapshot of it is incomplete.")
  var noUndo = false

  @OptionGroup var selection: SelectorOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  var isAudited: Bool { !dryRun }

  func validate() throws {
    if to == nil, !includes.isEmpty || !excludes.isEmpty, !dryRun {
      throw ValidationError("A part of a snapshot is restored beside the original: say where with --to.")
    }
    if verifyOnly, to != nil || dryRun { throw ValidationError("--verify-only goes with no --to and no --dry-run.") }
  }

  private var selector: SnapshotSelector {
    var selector = selection.selector(id ?? "latest", global.settings)
    selector.passesOverSafety = id == nil
    return selector
  }

  func execute() throws(SnapshotError) -> Int32 {
    if verifyOnly {
      var drill = DrillSnapshot(selector)
      drill.isRecorded = false
      let result = try watching(drill.run)
      DrillCommand.record(result, in: self)
      render(json(result), isBad: !result.isGood) { DrillCommand.text(result) }
      return result.isGood ? ExitStatus.success : ExitStatus.failure
    }
    var verb = RestoreSnapshot(selector, to: to.map(FilePath.init(argument:)))
    verb.includes = includes
    verb.excludes = excludes
    verb.replacesTarget = force
    verb.ignoresUse = force
    verb.keepsUndo = !noUndo
    verb.isDryRun = dryRun
    if to == nil, !dryRun { verb.selector = try confirm() }
    let summary = try watching(verb.run)
    record { $0.restored(summary) }
    report(summary.warnings)
    render(json(summary, isProved: !dryRun)) { Self.text(summary, dryRun: dryRun) }
    return summary.health == .damaged ? ExitStatus.incomplete : ExitStatus.success
  }

  /// Asks before the original is replaced.
  /// - Returns: The very snapshot that was asked about.
  private func confirm() throws(SnapshotError) -> SnapshotSelector {
    let snapshot = try SnapshotInfo.find(selector, in: global.location).snapshot
    let exact = SnapshotSelector(snapshot.id.description)
    if yes || force { return exact }
    guard Terminal.canAsk else {
      throw SnapshotError.usage(
        "restoring replaces what is in \(snapshot.manifest.source.path): say --yes where nobody can be asked, or --to")
    }
    let question =
      "Replace \(snapshot.manifest.source.path) with \(snapshot.manifest.name) of \(snapshot.manifest.time.localText)? "
      + "What is there now is kept."
    guard Terminal.confirm(question) else { throw SnapshotError(.cancelled, "nothing was changed") }
    return exact
  }

  private static func text(_ summary: RestoreSnapshot.Summary, dryRun: Bool) -> [String] {
    let what = "\(Wording.count(summary.files, "file")), \(Wording.bytes(summary.bytes))"
    if dryRun {
      return summary.paths.map { Terminal.printable($0.displayPath, inOneLine: true) } + [
        "would restore \(what) of \(summary.snapshot.manifest.name)"
      ]
    }
    var lines = [
      "restored \(summary.snapshot.id.short)  \(summary.snapshot.manifest.name)",
      "to       \(summary.target)",
      "files    \(what), every chunk verified, in \(Wording.duration(summary.duration))",
    ]
    if summary.health != .unchecked { lines.append("chroma   health \(summary.health.rawValue)") }
    if let safety = summary.safetySnapshot {
      lines.append("before   is snapshot \(safety.id.short)  \(safety.manifest.name)")
    }
    if summary.undoAvailable { lines.append("undo     chromasnap undo \(summary.target)") }
    return lines
  }

  private func json(_ summary: RestoreSnapshot.Summary, isProved: Bool) -> JSON {
    let target = verifyOnly ? [("target", .null)] : JSON.path(summary.target.bytes, "target")
    var fields: [(String, JSON)] =
      [("message_type", .string("summary")), ("snapshot_id", .string(summary.snapshot.id.description))]
      + target + [
        ("dry_run", .bool(dryRun)), ("files_restored", .integer(dryRun ? 0 : summary.files)),
        ("bytes_restored", .integer(dryRun ? 0 : summary.bytes)), ("files_reused", .integer(summary.filesReused)),
        ("safety_snapshot_id", .optional(summary.safetySnapshot?.id.description)),
        ("undo_available", .bool(summary.undoAvailable)),
        ("verified", .bool(isProved)), ("health", .string(summary.health.rawValue)),
        ("duration", .number(summary.duration)), ("warnings", .array(summary.warnings.map(\.json))),
      ]
    if dryRun {
      fields += [
        ("files", .integer(summary.files)), ("bytes", .integer(summary.bytes)),
        ("paths", .array(summary.paths.map { .object(JSON.path($0.path)) })),
      ]
    }
    return .object(fields)
  }

  /// The fields of a restore, and what the drill found.
  private func json(_ result: DrillSnapshot.Result) -> JSON {
    guard case .object(let restore) = json(result.restore, isProved: result.isGood),
      case .object(let drill) = DrillCommand.json(result)
    else { return .null }
    return .object(drill + restore.filter { field in !drill.contains { $0.0 == field.0 } })
  }
}
