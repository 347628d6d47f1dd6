import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

struct ImportCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Make snapshots of old ZIP backups.",
    discussion: """
      Takes what the old Python scripts wrote, what `export` writes, and any ZIP that holds a Chroma directory at its top or in a \
      folder; of a folder, every such ZIP in it, and what the scripts left there unpacked. Each becomes a snapshot with its own \
      name and the time of its data, from its backup_metadata.json, else from its file's name \
      (NAME_YYYYMMDD_HHMMSS.zip), else from its files. They are deduplicated against all that is there. The ZIPs are never \
      changed; one that was imported already is skipped, unless its snapshot is hurt, incomplete or rewritten by a repair: then what it \
      has is stored anew.

      The snapshots belong to the directory that --source names, else to the one that the metadata name, else to a source \
      of their own. A ZIP that is damaged or that no honest program writes is refused, the others go on: exit code 3, or 1 \
      where none was imported.

      EXAMPLES
        chromasnap import ./chromadb_backups
        chromasnap import ./chromadb_backups --dry-run
        chromasnap import old_20241220_143022.zip --source /srv/app/chroma
      """)

  @Argument(help: ArgumentHelp("ZIP files, or folders of them.", valueName: "file.zip|dir"), completion: .file())
  var paths: [String]

  @Option(
    help: ArgumentHelp("The directory that they are backups of; it need not be there.", valueName: "dir"),
    completion: .directory)
  var source: String?

  @Flag(name: .customLong("no-health"), help: "Do not examine the snapshots.")
  var noHealth = false

  @Flag(name: .customLong("dry-run"), help: "Show what would be imported; change nothing.")
  var dryRun = false

  @OptionGroup(title: "Global options") var global: GlobalOptions

  var isAudited: Bool { !dryRun }

  /// What became of the backups so far.
  private struct Tally {
    var imported = 0
    var known = 0
    var refused = 0
    var damaged = 0
    var bytesStored: UInt64 = 0
  }

  func execute() throws(SnapshotError) -> Int32 {
    let stopwatch = Stopwatch()
    let finder = FindBackups(paths.map(FilePath.init(argument:)))
    let found = try watching(finder.run)
    var tally = Tally()
    for (file, error) in found.refused { refuse(file, error, &tally) }
    for backup in found.backups {
      do throws(SnapshotError) { try handle(backup, &tally) } catch {
        switch error.code {
        // Not this backup's fault, and the next would fare no better.
        case .cancelled, .locked, .noRepository, .repositoryExists, .targetExists: throw error
        default: refuse(backup.file, error, &tally)
        }
      }
    }
    let duration = stopwatch.seconds
    render(Self.json(tally, dryRun: dryRun, duration)) {
      [
        "\(tally.imported) \(dryRun ? "to import" : "imported"), \(tally.known) known already, \(tally.refused) refused in "
          + Wording.duration(duration)
      ]
    }
    if tally.refused > 0, tally.imported + tally.known == 0 { return ExitStatus.failure }
    return tally.refused + tally.damaged > 0 ? ExitStatus.incomplete : ExitStatus.success
  }

  private func handle(_ backup: OldBackup, _ tally: inout Tally) throws(SnapshotError) {
    var verb = ImportBackup(backup)
    verb.source = source.map(FilePath.init(argument:))
    verb.examinesHealth = try global.settings.value(SettingTable.health, option: noHealth ? false : nil)
    verb.healthSecondsMax = global.settings[SettingTable.healthLimit].seconds
    verb.level = global.settings[SettingTable.level]
    if dryRun {
      if let snapshot = try verb.known(in: global.location) { return skip(backup, snapshot, &tally) }
      tally.imported += 1
      render(.object(Self.fields(backup, "would_import"))) {
        [
          "would import  \(backup.time.localText)  \(backup.name): \(Wording.count(backup.files, "file")), "
            + Wording.bytes(backup.bytes)
        ]
      }
      return
    }
    let summary = try watching(verb.run)
    if summary.wasKnown { return skip(backup, summary.snapshot, &tally) }
    record { $0.concern(summary.snapshot) }
    tally.imported += 1
    tally.damaged += summary.isDamaged || !summary.snapshot.manifest.complete ? 1 : 0
    tally.bytesStored += summary.snapshot.manifest.statistics.bytesStored
    report(summary.warnings)
    render(.object(Self.fields(backup, "imported") + Self.fields(summary))) { [Self.line(summary)] }
  }

  private func skip(_ backup: OldBackup, _ snapshot: Snapshot, _ tally: inout Tally) {
    tally.known += 1
    render(
      .object(
        Self.fields(backup, "known") + [
          ("snapshot_id", .string(snapshot.id.description)), ("short_id", .string(snapshot.id.short)),
        ])
    ) { ["known    \(snapshot.id.short)  \(backup.fileName): it is snapshot \(snapshot.manifest.name) already"] }
  }

  private func refuse(_ file: FilePath, _ error: SnapshotError, _ tally: inout Tally) {
    tally.refused += 1
    report(error, about: file)
    if global.json {
      Terminal.print(
        JSON.object(
          [("message_type", .string("file")), ("outcome", .string("refused"))] + JSON.path(file.bytes, "file")
            + error.fields
        ).text)
    }
  }

  private static func line(_ summary: ImportBackup.Summary) -> String {
    let manifest = summary.snapshot.manifest
    var line =
      "imported \(summary.snapshot.id.short)  \(manifest.time.localText)  \(manifest.name): "
      + "\(Wording.bytes(manifest.statistics.totalBytes)), \(Wording.bytes(manifest.statistics.bytesStored)) stored"
    if let chroma = manifest.chroma {
      line +=
        ", \(Wording.count(chroma.collections.count, "collection")), \(Wording.count(chroma.records, "record"))"
        + ", health \(summary.health.rawValue)"
    }
    return line
  }

  private static func fields(_ backup: OldBackup, _ outcome: String) -> [(String, JSON)] {
    [("message_type", .string("file")), ("outcome", .string(outcome))] + JSON.path(backup.file.bytes, "file") + [
      ("name", .string(backup.name)), ("time", .time(backup.time)),
    ]
  }

  private static func fields(_ summary: ImportBackup.Summary) -> [(String, JSON)] {
    let manifest = summary.snapshot.manifest
    // The snapshot's own name: another may have had the backup's.
    return [
      ("snapshot_id", .string(summary.snapshot.id.description)), ("short_id", .string(summary.snapshot.id.short)),
      ("snapshot_name", .string(manifest.name)),
    ] + manifest.source.fields + [
      ("parent", .optional(manifest.parent?.description)), ("files", .integer(manifest.statistics.files)),
      ("total_bytes", .integer(manifest.statistics.totalBytes)),
      ("bytes_stored", .integer(manifest.statistics.bytesStored)),
      ("records", manifest.chroma.map { .integer($0.records) } ?? .null), ("collections", manifest.collections),
      ("health", .string(summary.health.rawValue)), ("duration", .number(summary.duration)),
      ("warnings", .array(summary.warnings.map(\.json))),
    ]
  }

  private static func json(_ tally: Tally, dryRun: Bool, _ duration: Double) -> JSON {
    .object([
      ("message_type", .string("summary")), ("dry_run", .bool(dryRun)), ("imported", .integer(tally.imported)),
      ("known", .integer(tally.known)), ("refused", .integer(tally.refused)), ("damaged", .integer(tally.damaged)),
      ("bytes_stored", .integer(tally.bytesStored)), ("duration", .number(duration)),
    ])
  }
}
