import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

struct HealthCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "health", abstract: "Examine a Chroma directory, or a snapshot of one, as Chroma would.",
    discussion: """
      SQLite's own check, the structure of the HNSW files, and whether indexes and tables hold the same records. Exit code 1 \
      where anything is wrong.

      EXAMPLES
        chromasnap health latest
        chromasnap health ./chroma
      """)

  @Argument(
    help: ArgumentHelp("A directory that nobody writes to, or a snapshot.", valueName: "dir|id"), completion: .directory
  )
  var what = "latest"

  @OptionGroup var selection: SelectorOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  /// Of a snapshot the verdict is noted; of a directory nothing is.
  var isAudited: Bool { !isFolder }

  private var isFolder: Bool { (try? FileStatus(at: FilePath(argument: what)).kind) == .directory }

  func execute() throws(SnapshotError) -> Int32 {
    let path = FilePath(argument: what)
    let result =
      isFolder
      ? try ExamineHealth.directory(path, in: global.location)
      : try ExamineHealth.snapshot(selection.selector(what, global.settings), in: global.location)
    record { facts in
      if let snapshot = result.snapshot { facts.concern(snapshot) } else { facts.source = path.string }
      facts.health = result.isGood ? .good : .damaged
    }
    render(Self.json(result), isBad: !result.isGood) {
      result.problems.map { problem in
        let place = [problem.collection, problem.path].compactMap { $0 }.joined(separator: ", ")
        return "problem: \(problem.message)" + (place.isEmpty ? "" : " (\(place))")
      } + ["\(result.isGood ? "good" : "damaged"): examined in \(Wording.duration(result.duration))"]
    }
    return result.isGood ? ExitStatus.success : ExitStatus.failure
  }

  private static func json(_ result: ExamineHealth.Result) -> JSON {
    .object([
      ("message_type", .string("summary")), ("snapshot_id", .optional(result.snapshot?.id.description)),
      ("health", .string(result.isGood ? "good" : "damaged")), ("duration", .number(result.duration)),
      (
        "problems",
        .array(
          result.problems.map { problem in
            .object([
              ("code", .string(problem.code)), ("message", .string(problem.message)),
              ("collection", .optional(problem.collection)), ("path", .optional(problem.path)),
            ])
          })
      ),
    ])
  }
}
