import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

struct SnapshotCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "snapshot", abstract: "Store the present state of a directory.",
    discussion: """
      Without SOURCE, the Chroma directory at or below the working directory in the usual places (./chroma, ./chroma_db, \
      ./chromadb, ...) is taken, and named. The repository is made when it is missing.

      EXAMPLES
        chromasnap snapshot
        chromasnap snapshot ./chroma --name before_upgrade --tag manual
        chromasnap snapshot ./chroma --exclude '*.log' --exclude '!keep.log'
        chromasnap snapshot ./chroma --exclude-temporary --skip-if-unchanged --quiet
        chromasnap snapshot ./chroma --zip              and NAME.zip in the repository's folder
      """)

  @OptionGroup var source: SourceArgument

  @Option(help: "What the snapshot is called; the date and time are added. Default: chromadb_backup.")
  var name: String?

  @Option(name: .customLong("tag"), help: "A tag; may be given several times.")
  var tags: [String] = []

  @Option(help: "A sentence about it.")
  var description: String?

  @OptionGroup var saving: SavingOptions

  @Flag(
    name: .customLong("skip-if-unchanged"), inversion: .prefixedNo,
    help: "Write no snapshot where nothing has changed.")
  var skipIfUnchanged: Bool?

  @Flag(help: "Insist that nobody has the Chroma directory open, and lock nothing.")
  var offline = false

  @Flag(
    name: .customLong("include-orphans"), inversion: .prefixedNo, help: "Take the folders of deleted collections too.")
  var includesOrphans: Bool?

  @Flag(inversion: .prefixedNo, help: "Examine the snapshot of a Chroma directory. Default: yes.")
  var health: Bool?

  @Option(
    name: .customLong("health-limit"),
    help: ArgumentHelp(
      "How long the examination may take; longer, it ends without a verdict. Default: 2m.", valueName: "duration"))
  var healthLimit: Duration?

  @Option(help: "zstd's level for new chunks, 1 to 19. Default: 1.")
  var level: Int?

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute() throws(SnapshotError) -> Int32 {
    let settings = global.settings
    var verb = TakeSnapshot(source: try source.directory(settings))
    if source.named(settings) == nil, !global.json, !global.quiet { Terminal.printError("source: \(verb.source)") }
    verb.name = try settings.snapshotName(option: name)
    try verb.take(
      settings, saving, tags: tags, description: description, includesOrphans: includesOrphans, health: health,
      healthLimit: healthLimit, level: level)
    verb.skipIfUnchanged = try settings.value(SettingTable.skipsUnchanged, option: skipIfUnchanged)
    verb.isOffline = offline
    record { $0.source = verb.source.string }
    var summary = try watching(verb.run)
    record { $0.take(summary) }
    var written: ExportSnapshot.Summary?
    var isWhole = summary.isComplete && !summary.isDamaged
    if saving.zip, let snapshot = summary.snapshot {
      do throws(SnapshotError) {
        let zip = try watching(SnapshotZip(snapshot).write)
        written = zip
        summary.warnings += zip.warnings
        if !zip.warnings.isEmpty { isWhole = false }
      } catch {
        if error.code == .cancelled { throw error }
        summary.warnings.append(
          SnapshotWarning(.noZip, "no ZIP was written: \(error.message)" + (error.hint.map { ". \($0)" } ?? "")))
        isWhole = false
      }
    }
    report(summary.warnings)
    render(.object(Self.fields(summary) + JSON.path(written?.file, "zip"))) {
      Self.text(summary, location: global.repositoryFolder)
        + (written.map { ["zip      \($0.file): \(Wording.bytes($0.bytes))"] } ?? [])
    }
    return isWhole ? ExitStatus.success : ExitStatus.incomplete
  }

  private static func text(_ summary: TakeSnapshot.Summary, location: FilePath) -> [String] {
    var lines: [String] = []
    if summary.repositoryCreated { lines.append("made repository \(location)") }
    guard let snapshot = summary.snapshot else {
      let health = summary.isDamaged ? ", health \(summary.health.rawValue)" : ""
      return lines + ["nothing has changed since \(summary.parent?.manifest.name ?? "-"): no snapshot written\(health)"]
    }
    lines.append("snapshot \(snapshot.id.short)  \(snapshot.manifest.name)")
    let files =
      summary.unchanged
      ? "\(Wording.count(summary.filesUnmodified, "file")), nothing changed"
      : "\(summary.filesNew) new, \(summary.filesChanged) changed, \(summary.filesUnmodified) unmodified"
    lines.append("files    \(files)")
    lines.append(
      "bytes    \(Wording.bytes(summary.bytesProcessed)) in all, \(Wording.bytes(summary.bytesRead)) read, "
        + "\(Wording.bytes(summary.bytesStored)) stored in \(Wording.duration(summary.duration))")
    if summary.kind == .chroma {
      let chroma = snapshot.manifest.chroma
      lines.append(
        "chroma   \(Wording.count(chroma?.collections.count ?? 0, "collection")), "
          + "\(Wording.count(chroma?.records ?? 0, "record")), health \(summary.health.rawValue), "
          + "held for \(Wording.decimals(summary.holdSeconds * 1000, 1)) ms"
          + (summary.tries > 1 ? " at try \(summary.tries)" : ""))
    }
    if !summary.isComplete {
      lines.append("incomplete: \(Wording.count(summary.filesSkipped, "entry", "entries")) left out")
    }
    return lines
  }

  /// The documented fields of a summary.
  static func fields(_ summary: TakeSnapshot.Summary) -> [(String, JSON)] {
    [
      ("message_type", .string("summary")),
      ("snapshot_id", .optional(summary.snapshot?.id.description)),
      ("short_id", .optional(summary.snapshot?.id.short)),
      ("name", .optional(summary.snapshot?.manifest.name)),
      ("parent", .optional(summary.parent?.id.description)),
    ] + JSON.path(summary.source.bytes, "source") + [
      ("source_kind", .string(summary.kind.rawValue)),
      ("time", summary.snapshot.map { JSON.time($0.manifest.time) } ?? .null),
      ("repository_created", .bool(summary.repositoryCreated)),
      ("unchanged", .bool(summary.unchanged)),
      ("files_new", .integer(summary.filesNew)),
      ("files_changed", .integer(summary.filesChanged)),
      ("files_unmodified", .integer(summary.filesUnmodified)),
      ("files_skipped", .integer(summary.filesSkipped)),
      ("bytes_processed", .integer(summary.bytesProcessed)),
      ("bytes_read", .integer(summary.bytesRead)),
      ("bytes_stored", .integer(summary.bytesStored)),
      ("chunks_new", .integer(summary.chunksNew)),
      ("patches_new", .integer(summary.patchesNew)),
      ("duration", .number(summary.duration)),
      ("hold_seconds", .number(summary.holdSeconds)),
      ("tries", .integer(summary.tries)),
      ("records", summary.snapshot?.manifest.chroma.map { .integer($0.records) } ?? .null),
      ("collections", summary.snapshot?.manifest.collections ?? .array([])),
      ("health", .string(summary.health.rawValue)),
      ("warnings", .array(summary.warnings.map(\.json))),
    ]
  }
}
