import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository

struct CheckCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Prove that the repository is sound.",
    discussion: """
      Without options: every manifest, tree, chunk and base is there. With --read-data every byte is read, decoded and \
      compared with its hash. What is wrong is written down, so that the next snapshot stores it anew. Exit code 1 where \
      anything is wrong.

      EXAMPLES
        chromasnap check
        chromasnap check --read-data
        chromasnap check --read-data-subset 10%
        chromasnap check --read-data-subset 1/7
      """)

  @Flag(name: .customLong("read-data"), help: "Read, decode and compare everything.")
  var readData = false

  @Option(
    name: .customLong("read-data-subset"),
    help: ArgumentHelp("Only a random part, or the n-th of t parts.", valueName: "N%|n/t"))
  var subset: Subset?

  @OptionGroup(title: "Global options") var global: GlobalOptions

  struct Subset: ExpressibleByArgument {
    var reading: CheckRepository.DataReading

    init?(argument: String) {
      let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
      if parts.count == 2, let number = Int(parts[0]), let of = Int(parts[1]), of >= 1, (1...of).contains(number) {
        reading = .part(number, of: of)
      } else if argument.hasSuffix("%"), let percent = Double(argument.dropLast()), percent > 0, percent <= 100 {
        reading = percent == 100 ? .all : .fraction(percent / 100)
      } else {
        return nil
      }
    }
  }

  func execute() throws(SnapshotError) -> Int32 {
    var verb = CheckRepository()
    verb.reading = readData ? .all : subset?.reading ?? .none
    let summary = try watching(verb.run)
    record { $0.warnings += summary.problems.map { SnapshotWarning(.damaged, $0.message) } }
    render(Self.json(summary), isBad: !summary.isSound) { Self.text(summary, all: global.isVerbose) }
    return summary.isSound ? ExitStatus.success : ExitStatus.failure
  }

  private static func text(_ summary: CheckRepository.Summary, all: Bool) -> [String] {
    var lines: [String] = []
    for problem in summary.problems {
      lines.append("problem: \(problem.message)")
      if let pack = problem.pack { lines.append("  pack \(pack)") }
      if let chunk = problem.chunk { lines.append("  chunk \(chunk)") }
      for affected in problem.affected.prefix(all ? .max : 10) {
        let path = affected.path.map { String(decoding: $0, as: UTF8.self) } ?? "all of it"
        lines.append("  hurts snapshot \(affected.snapshot.short): \(path.isEmpty ? "." : path)")
      }
      if !all, problem.affected.count > 10 { lines.append("  and \(problem.affected.count - 10) more (--verbose)") }
      if let wayOut = problem.wayOut {
        lines.append("  `chromasnap repair` mends it where it can; else \(wayOut)")
      } else if problem.affected.isEmpty, summary.hurt.isEmpty || problem.chunk != nil {
        // What a pack without a readable table held stands among the other problems.
        lines.append("  affects no snapshot; `chromasnap prune` removes it")
      }
    }
    lines.append(
      "\(Wording.count(summary.snapshots, "snapshot")), \(Wording.count(summary.packs, "pack")), "
        + "\(Wording.count(summary.chunks, "chunk")) checked, \(Wording.bytes(summary.bytesRead)) read in "
        + Wording.duration(summary.duration))
    guard !summary.isSound else { return lines + ["no problems found"] }
    return lines + ["\(Wording.count(summary.problems.count, "problem")) found"] + remedies(summary)
  }

  /// What helps, first things first.
  private static func remedies(_ summary: CheckRepository.Summary) -> [String] {
    var lines: [String] = []
    if summary.problems.contains(where: { $0.document != nil }) {
      lines.append("run `chromasnap repair`, where the snapshots are taken: the local cache may have what is damaged")
    }
    if !summary.rewritten.isEmpty {
      lines.append(
        "\(Wording.count(summary.rewritten.count, "hurt snapshot")) rewritten by a repair: "
          + Wording.ending(summary.rewritten))
    }
    let rewritten = Set(summary.rewritten.map(\.id))
    let others = summary.hurt.filter { !rewritten.contains($0.id) }
    if !others.isEmpty {
      lines.append("hurt: \(Wording.ids(others))")
      lines.append(
        "take a snapshot, which stores anew what the source still has, `chromasnap import` an old backup or an export that "
          + "has it, or run `chromasnap repair`; what stays hurt is lost for good: `chromasnap forget ID` ends it")
    } else if summary.hurt.isEmpty, summary.problems.contains(where: { $0.document == nil }) {
      lines.append("no snapshot is hurt, run `chromasnap prune`")
    }
    return lines
  }

  private static func json(_ summary: CheckRepository.Summary) -> JSON {
    .object([
      ("message_type", .string("summary")), ("ok", .bool(summary.isSound)),
      ("read_data", .bool(summary.reading != .none)), ("snapshots", .integer(summary.snapshots)),
      ("packs", .integer(summary.packs)), ("chunks", .integer(summary.chunks)),
      ("bytes_read", .integer(summary.bytesRead)), ("duration", .number(summary.duration)),
      (
        "errors",
        .array(
          summary.problems.map { problem in
            .object([
              ("code", .string(problem.code.rawValue)), ("message", .string(problem.message)),
              ("pack", .optional(problem.pack?.description)), ("chunk", .optional(problem.chunk?.description)),
              (
                "affected",
                .array(
                  problem.affected.map { affected in
                    .object(
                      [("snapshot_id", .string(affected.snapshot.description))]
                        + (affected.path.map { JSON.path($0) } ?? [("path", .null)]))
                  })
              ),
            ])
          })
      ),
    ])
  }
}
