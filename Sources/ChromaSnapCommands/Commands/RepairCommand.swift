import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository

struct RepairCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "repair", abstract: "Repair what can be repaired in a damaged repository.",
    discussion: """
      Run `check --read-data` first: it finds what is damaged. What can be read all the same, and what the sources still \
      have, is stored anew; of what is lost for good, snapshots are rewritten without it and marked incomplete. Damaged \
      manifests and notes are written anew from the local cache: run it where the snapshots are taken. Nothing is removed: \
      `forget` and `prune` do that.

      EXAMPLES
        chromasnap check --read-data; chromasnap repair
        chromasnap repair --dry-run
      """)

  @Flag(name: .customLong("dry-run"), help: "Show which snapshots are hurt; change nothing.")
  var dryRun = false

  @OptionGroup(title: "Global options") var global: GlobalOptions

  var isAudited: Bool { !dryRun }

  func execute() throws(SnapshotError) -> Int32 {
    var verb = RepairRepository()
    verb.isDryRun = dryRun
    let summary = try watching(verb.run)
    let code = exitCode(summary)
    render(Self.json(summary, dryRun: dryRun), isBad: code != ExitStatus.success) {
      Self.text(summary, dryRun: dryRun)
    }
    return code
  }

  private func exitCode(_ summary: RepairRepository.Summary) -> Int32 {
    let isDamaged = !summary.hurt.isEmpty || !summary.documents.mended.isEmpty || summary.mendedConfig
    if !summary.lost.isEmpty || !summary.documents.kept.isEmpty || (dryRun && isDamaged) { return ExitStatus.failure }
    let isWhole = summary.hurt.count == summary.healed.count && summary.failedSources.isEmpty
    return isWhole ? ExitStatus.success : ExitStatus.incomplete
  }

  private static func text(_ summary: RepairRepository.Summary, dryRun: Bool) -> [String] {
    var lines = summary.mendedConfig ? ["the config is lost or damaged, and \(dryRun ? "can be" : "was") put back"] : []
    lines += summary.documents.mended.map { "\($0) is damaged, and \(dryRun ? "can be" : "was") written anew" }
    for (_, error) in summary.documents.kept {
      lines.append("\(error.message): it stays as it is")
      guard error.code == .damaged, let wayOut = error.hint else { continue }
      lines.append("  this cache can't mend it: run repair where the snapshots are taken; else \(wayOut)")
    }
    if summary.hurt.isEmpty {
      let nothing = "no snapshot is known to be hurt; `chromasnap check --read-data` looks for damage"
      return lines.isEmpty ? [nothing] : lines
    }
    lines.append("\(Wording.count(summary.hurt.count, "snapshot")) hurt")
    if dryRun { return lines + summary.hurt.map { "  \($0.id.short)  \($0.manifest.name)" } }
    lines += summary.mendedPacks.map { "pack \($0.short) did not end as it should, and was written anew" }
    if summary.chunksSaved > 0 {
      lines.append("\(Wording.count(summary.chunksSaved, "chunk")) of damaged packs could be read, and stored anew")
    }
    for snapshot in summary.taken {
      lines.append("stored anew what \(snapshot.manifest.source.path) has: snapshot \(snapshot.id.short)")
    }
    for path in summary.missingSources { lines.append("the source \(path) is not there to store anew from") }
    for (path, error) in summary.failedSources {
      lines.append("the source \(path) could not be taken: \(error.message)")
      lines.append("  what it may still have is not given up: run repair again when that has ended")
    }
    if !summary.healed.isEmpty { lines.append("\(Wording.count(summary.healed.count, "snapshot")) whole again") }
    for (old, new, lost) in summary.rewritten {
      lines.append("\(old.id.short) rewritten as \(new.id.short), incomplete, without:")
      lines += lost.prefix(20).map { "  \($0.displayPath)" }
      if lost.count > 20 { lines.append("  and \(lost.count - 20) more") }
    }
    for (old, new) in summary.rewrittenBefore {
      lines.append("\(old.id.short) was rewritten as \(new.id.short) by an earlier repair, without what it has lost")
    }
    for snapshot in summary.lost {
      lines.append("\(snapshot.id.short) \(snapshot.manifest.name): nothing of it can be saved")
    }
    if !summary.stillHurt.isEmpty {
      lines.append(
        "\(Wording.count(summary.stillHurt.count, "snapshot")) still hurt, as no source has what is lost: "
          + "`chromasnap import` of an old backup or an export that has it stores it anew, else "
          + Wording.ending(summary.stillHurt))
    }
    return lines
  }

  private static func json(_ summary: RepairRepository.Summary, dryRun: Bool) -> JSON {
    func ids(_ snapshots: [Snapshot]) -> JSON { .strings(snapshots.map(\.id.description)) }
    return .object([
      ("message_type", .string("summary")), ("dry_run", .bool(dryRun)), ("hurt", ids(summary.hurt)),
      ("healed", ids(summary.healed)), ("taken", ids(summary.taken)), ("lost", ids(summary.lost)),
      ("chunks_saved", .integer(summary.chunksSaved)),
      ("saved_manifests", .strings(summary.savedManifests.map(\.description))),
      ("lost_manifests", .strings(summary.lostManifests.map(\.description))),
      ("mended_config", .bool(summary.mendedConfig)),
      ("mended_packs", .strings(summary.mendedPacks.map(\.description))),
      ("mended_documents", .strings(summary.documents.mended)),
      ("damaged_documents", .strings(summary.documents.kept.map(\.object))),
      ("missing_sources", .strings(summary.missingSources)),
      (
        "failed_sources",
        .array(
          summary.failedSources.map { path, error in
            .object([
              ("path", .string(path)), ("code", .string(error.code.rawValue)), ("message", .string(error.message)),
            ])
          })
      ),
      (
        "rewritten_before",
        .array(
          summary.rewrittenBefore.map { old, new in
            .object([("old", .string(old.id.description)), ("new", .string(new.id.description))])
          })
      ),
      (
        "rewritten",
        .array(
          summary.rewritten.map { old, new, lost in
            .object([
              ("old", .string(old.id.description)), ("new", .string(new.id.description)),
              ("lost", .array(lost.map { .object(JSON.path($0.path)) })),
            ])
          })
      ),
    ])
  }
}
