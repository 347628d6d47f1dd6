import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO

struct ShowCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show all that is known of a snapshot.",
    discussion: """
      EXAMPLES
        chromasnap show latest
        chromasnap show 3f2a91c0 --json
      """)

  @Argument(help: "The snapshot: latest, latest~N, a name, or the first digits of its id.")
  var id = "latest"

  @OptionGroup var selection: SelectorOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  var isAudited: Bool { false }

  func execute() throws(SnapshotError) -> Int32 {
    let info = try SnapshotInfo.find(selection.selector(id, global.settings), in: global.location)
    render(.object(info.fields + Self.more(info.snapshot.manifest))) { Self.text(info) }
    return ExitStatus.success
  }

  private static func more(_ manifest: Manifest) -> [(String, JSON)] {
    [
      ("sequence", .integer(manifest.sequence)), ("commit_time", .time(manifest.commitTime)),
      ("username", .string(manifest.username)), ("source_id", .string(manifest.source.id)),
      ("directories", .integer(manifest.statistics.directories)),
      ("symbolic_links", .integer(manifest.statistics.symbolicLinks)),
      ("skipped", .integer(manifest.statistics.skipped)), ("excludes", .strings(manifest.excludes)),
      ("packs", .strings(manifest.packs.map(\.description))), ("repairs", .optional(manifest.repairs?.description)),
      ("program", .string(manifest.program)),
    ]
  }

  private static func text(_ info: SnapshotInfo) -> [String] {
    let manifest = info.snapshot.manifest
    var lines = [
      "snapshot     \(info.snapshot.id)",
      "name         \(manifest.name)",
      "time         \(manifest.time.localText)",
      "source       \(manifest.source.path)  (\(manifest.source.kind.rawValue))",
      "taken by     \(manifest.username) on \(manifest.hostname) with \(manifest.program)",
      "parent       \(manifest.parent?.short ?? "none")  (number \(manifest.sequence) of its source)",
      "holds        \(Wording.count(manifest.statistics.files, "file")), "
        + "\(Wording.count(manifest.statistics.directories, "folder")), "
        + Wording.bytes(manifest.statistics.totalBytes),
      "stored       \(Wording.bytes(manifest.statistics.bytesStored)) in \(Wording.count(manifest.packs.count, "new pack"))",
      "health       \(info.health.rawValue)"
        + (info.isHurt ? "  (hurt: not all of it can be restored; `chromasnap check` says what is lost)" : ""),
    ]
    if let chroma = manifest.chroma {
      lines.append("chroma       schema \(chroma.schema), \(Wording.count(chroma.records, "record"))")
      for collection in chroma.collections {
        lines.append(
          "  \(collection.name)  \(Wording.count(collection.records, "record")), "
            + (collection.dimension.map { "\($0) floats, " } ?? "")
            + "\(collection.distance), \(collection.backlog) in the queue, index \(Wording.bytes(collection.indexBytes)), "
            + "\(collection.tenant)/\(collection.database), \(collection.id)")
      }
    }
    if !manifest.tags.isEmpty { lines.append("tags         \(manifest.tags.joined(separator: ", "))") }
    if !manifest.description.isEmpty { lines.append("description  \(manifest.description)") }
    if !manifest.excludes.isEmpty { lines.append("left out     \(manifest.excludes.joined(separator: "  "))") }
    if info.isPinned { lines.append("pinned       forget keeps it") }
    if !manifest.complete {
      lines.append("incomplete   \(Wording.count(manifest.statistics.skipped, "entry", "entries")) left out")
    }
    if let repairs = manifest.repairs { lines.append("repairs      \(repairs.short)") }
    return lines
  }
}
