import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

struct AutoCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "auto", abstract: "For cron: take a snapshot if anything has changed, then remove old automatic ones.",
    discussion: """
      Takes auto_backup_YYYYMMDD_HHMMSS (tag auto) unless nothing has changed, forgets all but the newest --max-backups of the \
      snapshots with that tag of this source, and frees their space. Snapshots that were taken by hand, imported or pinned are \
      neither counted nor removed; the last good one, and the one before a collapse, stay whatever the number says. One line on \
      standard output per run, nothing with --quiet; what went wrong goes to standard error. Exit code 0 where all is well, 3 where \
      something was saved but not all is well, 11 where another run of the same source has not ended within --lock-timeout.

      Without --max-backups the configuration's [retention] decides which of them stay.

      EXAMPLES
        chromasnap auto
        chromasnap auto /srv/app/chroma --repo /backup/chroma --max-backups 30 --quiet
        chromasnap auto ./chroma --no-cleanup --zip
      """)

  @OptionGroup var source: SourceArgument

  @OptionGroup var options: AutoOptions

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute() throws(SnapshotError) -> Int32 {
    let settings = global.settings
    // Where it is found and not named, the line says so: cron mails all others.
    var verb = AutomaticBackup(source: try source.directory(settings))
    if let policy = options.policy(settings) { verb.policy = policy }
    verb.cleansUp = !options.noCleanup
    verb.writesZip = options.saving.zip
    verb.evenIfUnchanged = options.evenIfUnchanged
    verb.maxUnused = settings[SettingTable.maxUnused].value
    if settings.origin(of: SettingTable.name) != .standard { verb.snapshot.name = try settings.snapshotName() }
    try verb.snapshot.take(settings, options.saving)
    record { $0.source = verb.source.string }
    let summary = try watching(verb.run)
    record { $0.take(summary.taken) }
    report(summary.taken.warnings)
    render(Self.json(summary)) { [Self.line(summary)] }
    return summary.isComplete ? ExitStatus.success : ExitStatus.incomplete
  }

  /// One line for a log.
  private static func line(_ summary: AutomaticBackup.Summary) -> String {
    let taken = summary.taken
    var parts: [String] = []
    if let snapshot = taken.snapshot {
      parts.append(
        "saved \(snapshot.manifest.name) \(snapshot.id.short) of \(taken.source): "
          + "\(Wording.bytes(taken.bytesProcessed)), \(Wording.bytes(taken.bytesStored)) stored")
      if let chroma = snapshot.manifest.chroma {
        parts[0] +=
          ", \(Wording.count(chroma.collections.count, "collection")), \(Wording.count(chroma.records, "record"))"
          + ", health \(taken.health.rawValue)"
      }
      if !taken.isComplete { parts.append("incomplete") }
    } else {
      parts.append("unchanged \(taken.source) since \(taken.parent?.manifest.name ?? "-"): nothing to save")
      if taken.isDamaged, let parent = taken.parent {
        parts.append("health \(taken.health.rawValue): chromasnap health \(parent.id.short)")
      }
    }
    if let zip = summary.zip { parts.append("ZIP \(Wording.bytes(zip.bytes))") }
    if !summary.forgotten.isEmpty { parts.append("forgot \(summary.forgotten.count)") }
    if let pruned = summary.pruned { parts.append("freed \(Wording.bytes(pruned.plan.bytesFreed))") }
    parts.append("in \(Wording.duration(summary.duration))")
    return "\(Timestamp.now.localText)  \(parts.joined(separator: "; "))"
  }

  private static func json(_ summary: AutomaticBackup.Summary) -> JSON {
    .object(
      SnapshotCommand.fields(summary.taken) + JSON.path(summary.zip?.file, "zip") + [
        ("forgotten", .strings(summary.forgotten.map(\.id.description))),
        ("zips_removed", .strings(summary.zipsRemoved.map(\.string))),
        ("prune", summary.pruned.map(PruneCommand.json) ?? .null),
      ])
  }
}
