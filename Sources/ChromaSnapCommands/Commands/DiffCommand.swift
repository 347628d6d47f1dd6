import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository

struct DiffCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Show what differs between two snapshots.",
    discussion: """
      EXAMPLES
        chromasnap diff latest~1 latest
        chromasnap diff latest~7 latest --records
        chromasnap diff 3f2a91c0 9b04d7e1 --json
      """)

  @Argument(help: "The older snapshot.") var before: String
  @Argument(help: "The newer snapshot.") var after = "latest"

  @Flag(help: "List the ids of the records that differ.")
  var records = false

  @OptionGroup var selection: SelectorOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  var isAudited: Bool { false }

  func execute() throws(SnapshotError) -> Int32 {
    var verb = CompareSnapshots(selection.selector(before, global.settings), selection.selector(after, global.settings))
    verb.listsRecords = records
    let result = try verb.run(in: global.location)
    render(Self.json(result)) { Self.text(result) }
    return ExitStatus.success
  }

  private static func text(_ result: CompareSnapshots.Result) -> [String] {
    let marks: [CompareSnapshots.Change: String] = [.added: "+", .removed: "-", .changed: "M", .metadata: "m"]
    var lines = result.differences.map { difference in
      let sizes =
        difference.change == .changed
        ? "  (\(Wording.bytes(difference.before!.entry.size)) -> \(Wording.bytes(difference.after!.entry.size)))" : ""
      return "\(marks[difference.change]!)  \(difference.entry.displayPath)\(sizes)"
    }
    for collection in result.collections {
      let whole: [CompareSnapshots.Change: String] = [.added: " (new)", .removed: " (gone)"]
      let fate = collection.nameBefore.map { " (was \($0))" } ?? whole[collection.change] ?? ""
      lines.append(
        "collection \(collection.name)\(fate): \(collection.added) added, \(collection.changed) changed, "
          + "\(collection.removed) removed")
      lines += collection.records.map { "  \(marks[$0.change] ?? "?")  \($0.id)" }
    }
    func count(_ change: CompareSnapshots.Change) -> Int { result.differences.count { $0.change == change } }
    lines.append(
      "\(count(.added)) added, \(count(.removed)) removed, \(count(.changed)) changed, \(count(.metadata)) with other metadata"
    )
    return lines.map { Terminal.printable($0, inOneLine: true) }
  }

  private static func json(_ result: CompareSnapshots.Result) -> JSON {
    func count(_ change: CompareSnapshots.Change) -> JSON { .integer(result.differences.count { $0.change == change }) }
    return .object([
      ("message_type", .string("diff")), ("before", .string(result.before.id.description)),
      ("after", .string(result.after.id.description)),
      (
        "differences",
        .array(
          result.differences.map { difference in
            .object(
              [("change", .string(difference.change.rawValue))] + JSON.path(difference.entry.path) + [
                ("size_before", difference.before.map { .integer($0.entry.size) } ?? .null),
                ("size_after", difference.after.map { .integer($0.entry.size) } ?? .null),
              ])
          })
      ),
      (
        "collections",
        .array(
          result.collections.map { collection in
            .object([
              ("name", .string(collection.name)),
              ("name_before", collection.nameBefore.map { .string($0) } ?? .null), ("id", .string(collection.id)),
              ("change", .string(collection.change.rawValue)),
              ("added", .integer(collection.added)), ("changed", .integer(collection.changed)),
              ("removed", .integer(collection.removed)),
              (
                "records",
                .array(
                  collection.records.map {
                    .object([("change", .string($0.change.rawValue)), ("id", .string($0.id))])
                  })
              ),
            ])
          })
      ),
      ("files_added", count(.added)), ("files_removed", count(.removed)), ("files_changed", count(.changed)),
      ("files_metadata", count(.metadata)),
    ])
  }
}
