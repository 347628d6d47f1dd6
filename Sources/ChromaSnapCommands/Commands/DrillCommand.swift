import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemPackage

struct DrillCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "drill", abstract: "Prove that a snapshot can be restored, by restoring it.",
    discussion: """
      Restores to a scratch folder, examines what is there as Chroma would, compares the record counts with the manifest, \
      reads vectors and documents of some records of each collection back, and removes it. The result is recorded and shown by `list`; exit code 1 where anything is wrong.

      EXAMPLES
        chromasnap drill
        chromasnap drill latest~3 --keep
      """)

  @Argument(help: "The snapshot.")
  var id = "latest"

  @Flag(help: "Keep the scratch folder, and say where it is.")
  var keep = false

  @OptionGroup var selection: SelectorOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute() throws(SnapshotError) -> Int32 {
    var verb = DrillSnapshot(selection.selector(id, global.settings))
    verb.keepsFolder = keep
    let result = try watching(verb.run)
    Self.record(result, in: self)
    render(Self.json(result), isBad: !result.isGood) { Self.text(result) }
    return result.isGood ? ExitStatus.success : ExitStatus.failure
  }

  static func record(_ result: DrillSnapshot.Result, in command: some SnapCommand) {
    command.record { facts in
      facts.restored(result.restore)
      facts.warnings += result.problems.map { SnapshotWarning(.damaged, $0) }
    }
  }

  static func text(_ result: DrillSnapshot.Result) -> [String] {
    let snapshot = result.restore.snapshot
    var lines = result.problems.map { "problem: \($0)" }
    lines.append(
      "\(snapshot.id.short)  \(snapshot.manifest.name) "
        + (result.isGood
          ? "can be restored: \(Wording.count(result.restore.files, "file")), \(Wording.bytes(result.restore.bytes)) in "
            + Wording.duration(result.duration)
          : "can not be relied on"))
    if let chroma = snapshot.manifest.chroma, result.isGood {
      lines.append(
        "\(Wording.count(chroma.collections.count, "collection")) with \(Wording.count(chroma.records, "record")), all there: "
          + "\(Wording.count(result.vectorsRead, "vector")) and \(Wording.count(result.documentsRead, "document")) read back"
      )
    }
    if let folder = result.folder { lines.append("kept in \(folder)") }
    return lines
  }

  static func json(_ result: DrillSnapshot.Result) -> JSON {
    .object(
      [
        ("message_type", .string("summary")), ("snapshot_id", .string(result.restore.snapshot.id.description)),
        ("ok", .bool(result.isGood)), ("health", .string(result.restore.health.rawValue)),
        ("files_restored", .integer(result.restore.files)), ("bytes_restored", .integer(result.restore.bytes)),
        ("vectors_read", .integer(result.vectorsRead)), ("documents_read", .integer(result.documentsRead)),
        ("restore_seconds", .number(result.restore.duration)), ("duration", .number(result.duration)),
      ] + JSON.path(result.folder, "folder") + [("problems", .strings(result.problems))])
  }
}
