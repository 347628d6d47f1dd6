import ArgumentParser
import ChromaSnap
import SnapshotRepository

struct PruneCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune", abstract: "Free what no snapshot needs.",
    discussion: """
      Safe beside running snapshots: it waits for them at the end (see --lock-timeout). Interrupted at any point it loses \
      nothing, and the next one finishes its work.

      EXAMPLES
        chromasnap prune
        chromasnap prune --max-unused 0% --dry-run
      """)

  @Option(
    name: .customLong("max-unused"),
    help: ArgumentHelp(
      "How much unused data may stay, as a share of the data in use. Default: 5%.", valueName: "percent")
  )
  var maxUnused: Fraction?

  @Flag(name: .customLong("dry-run"), help: "Show what would be done; change nothing.")
  var dryRun = false

  @OptionGroup(title: "Global options") var global: GlobalOptions

  var isAudited: Bool { !dryRun }

  func execute() throws(SnapshotError) -> Int32 {
    var verb = PruneRepository()
    verb.maxUnused = try global.settings.value(SettingTable.maxUnused, option: maxUnused).value
    verb.isDryRun = dryRun
    let summary = try watching(verb.run)
    render(Self.json(summary)) { Self.text(summary) }
    return ExitStatus.success
  }

  static func text(_ summary: PruneRepository.Summary) -> [String] {
    let plan = summary.plan
    let would = summary.isDryRun ? "would " : ""
    var lines = [
      "\(would)\(summary.isDryRun ? "free" : "freed") \(Wording.bytes(plan.bytesFreed)): "
        + "\(Wording.count(plan.packsSwept, "pack")) swept, \(plan.packsRepacked) rewritten, \(plan.packsKept) kept",
      "\(Wording.bytes(plan.bytesUsed)) in use, \(Wording.bytes(plan.bytesUnusedAfter)) unused among it",
    ]
    if summary.packsSpared > 0 {
      lines.append("\(Wording.count(summary.packsSpared, "pack")) spared for a snapshot that was taken meanwhile")
    }
    if summary.auditEntriesRemoved > 0 {
      lines.append(
        "\(Wording.count(summary.auditEntriesRemoved, "old entry", "old entries")) of the audit trail removed")
    }
    if plan.unreadablePacks > 0 {
      lines.append("\(Wording.count(plan.unreadablePacks, "pack")) can't be read and stays: run `chromasnap check`")
    }
    return lines
  }

  static func json(_ summary: PruneRepository.Summary) -> JSON {
    let plan = summary.plan
    return .object([
      ("message_type", .string("summary")), ("dry_run", .bool(summary.isDryRun)),
      ("packs_swept", .integer(plan.packsSwept)), ("packs_repacked", .integer(plan.packsRepacked)),
      ("packs_kept", .integer(plan.packsKept)), ("packs_deleted", .integer(summary.packsDeleted)),
      ("packs_written", .integer(summary.packsWritten)), ("packs_spared", .integer(summary.packsSpared)),
      ("bytes_used", .integer(plan.bytesUsed)), ("bytes_freed", .integer(plan.bytesFreed)),
      ("bytes_repacked", .integer(plan.bytesRepacked)), ("bytes_unused", .integer(plan.bytesUnusedAfter)),
      ("audit_entries_removed", .integer(summary.auditEntriesRemoved)),
      ("duration", .number(summary.duration)),
    ])
  }
}
