import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

struct ListCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Show the snapshots.",
    discussion: """
      A terminal that is too narrow for all columns gets those that matter most; a pipe, and --json, always get all.

      EXAMPLES
        chromasnap list
        chromasnap list --last 20
        chromasnap list --source ./chroma --tag nightly --json
      """,
    aliases: ["snapshots"])

  @Option(help: ArgumentHelp("Only of the source at this path.", valueName: "dir"), completion: .directory)
  var source: String?

  @Option(name: .customLong("tag"), help: "Only with this tag; may be given several times.")
  var tags: [String] = []

  @Option(help: ArgumentHelp("Only the newest.", valueName: "n"))
  var last: Int?

  @OptionGroup(title: "Global options") var global: GlobalOptions

  var isAudited: Bool { false }

  func validate() throws {
    if let last, last < 0 { throw ValidationError("--last takes a number that is not negative.") }
  }

  func execute() throws(SnapshotError) -> Int32 {
    var verb = ListSnapshots()
    verb.source = source.map { FilePath(argument: $0) }
    verb.tags = tags
    verb.last = last
    let listing = try verb.run(in: global.location)
    let snapshots = listing.snapshots
    report(listing.warnings)
    render(.array(snapshots.map { .object($0.fields) })) {
      guard !snapshots.isEmpty else { return [nothing] }
      return Self.table(snapshots).lines(width: Terminal.outputWidth, mostImportantFirst: Self.order)
    }
    return ExitStatus.success
  }

  private var nothing: String {
    "no snapshots" + (source.map { " of \(Arguments.shown($0))" } ?? "")
      + (tags.isEmpty ? "" : " tagged \(tags.joined(separator: " and "))")
  }

  /// What a narrow terminal shows rather than what follows.
  private static let order = [
    "ID", "NAME", "MARKS", "TIME", "SIZE", "RECORDS", "TAGS", "HEALTH", "SOURCE", "STORED", "FILES", "COLLECTIONS",
  ]

  private static func table(_ snapshots: [SnapshotInfo]) -> Table {
    var table = Table([
      ("ID", .left), ("TIME", .left), ("NAME", .left), ("FILES", .right), ("SIZE", .right), ("STORED", .right),
      ("COLLECTIONS", .right), ("RECORDS", .right), ("HEALTH", .left), ("SOURCE", .left), ("TAGS", .left),
      ("MARKS", .left),
    ])
    for info in snapshots {
      let manifest = info.snapshot.manifest
      var marks: [String] = []
      if info.health == .damaged { marks.append(info.isHurt ? "hurt" : "damaged") }
      if let drill = info.drill { marks.append(drill.ok ? "drilled" : "drill failed") }
      if info.isPinned { marks.append("pinned") }
      if !manifest.complete { marks.append("incomplete") }
      table.add([
        info.snapshot.id.short, manifest.time.localText, manifest.name, "\(manifest.statistics.files)",
        Wording.bytes(manifest.statistics.totalBytes), Wording.bytes(manifest.statistics.bytesStored),
        manifest.chroma.map { "\($0.collections.count)" } ?? "", manifest.chroma.map { "\($0.records)" } ?? "",
        manifest.source.kind == .chroma ? info.health.rawValue : "", manifest.source.path,
        manifest.tags.joined(separator: ","), marks.joined(separator: ","),
      ])
    }
    return table
  }
}

extension Manifest {
  /// What is in a Chroma directory, in the documented fields.
  var collections: JSON {
    .array(
      (chroma?.collections ?? []).map { collection in
        .object([
          ("tenant", .string(collection.tenant)), ("database", .string(collection.database)),
          ("name", .string(collection.name)), ("id", .string(collection.id)),
          ("dimension", collection.dimension.map { .integer($0) } ?? .null), ("records", .integer(collection.records)),
          ("distance", .string(collection.distance)), ("backlog", .integer(collection.backlog)),
          ("index_bytes", .integer(collection.indexBytes)),
        ])
      })
  }
}

extension Manifest.Source {
  /// The fields of its path.
  var fields: [(String, JSON)] { JSON.source(path, base64: pathBase64) }
}

extension SnapshotInfo {
  /// The documented fields of a snapshot.
  var fields: [(String, JSON)] {
    let manifest = snapshot.manifest
    return [
      ("id", .string(snapshot.id.description)), ("short_id", .string(snapshot.id.short)),
      ("name", .string(manifest.name)), ("time", .time(manifest.time)), ("hostname", .string(manifest.hostname)),
    ] + manifest.source.fields + [
      ("source_kind", .string(manifest.source.kind.rawValue)), ("tags", .strings(manifest.tags)),
      ("description", .string(manifest.description)), ("pinned", .bool(isPinned)),
      ("parent", .optional(manifest.parent?.description)), ("files", .integer(manifest.statistics.files)),
      ("total_bytes", .integer(manifest.statistics.totalBytes)),
      ("bytes_stored", .integer(manifest.statistics.bytesStored)), ("complete", .bool(manifest.complete)),
      ("health", .string(health.rawValue)), ("records", manifest.chroma.map { .integer($0.records) } ?? .null),
      ("collections", manifest.collections),
      (
        "drill",
        drill.map {
          .object([
            ("time", .time($0.time)), ("ok", .bool($0.ok)), ("duration", $0.seconds.map { .number($0) } ?? .null),
          ])
        } ?? .null
      ),
    ]
  }
}
