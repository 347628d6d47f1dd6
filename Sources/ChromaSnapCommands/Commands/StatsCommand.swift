import ArgumentParser
import ChromaSnap
import SnapshotRepository

struct StatsCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats", abstract: "Show how much the repository holds and what that takes.",
    discussion: """
      EXAMPLES
        chromasnap stats
        chromasnap stats --json
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  var isAudited: Bool { false }

  func execute() throws(SnapshotError) -> Int32 {
    let stats = try RepositoryStatistics(of: global.location)
    render(Self.json(stats)) { Self.text(stats) }
    return ExitStatus.success
  }

  private static func text(_ stats: RepositoryStatistics) -> [String] {
    let ratio = stats.storedBytes > 0 ? Double(stats.logicalBytes) / Double(stats.storedBytes) : 0
    return [
      "snapshots  \(stats.snapshots) of \(Wording.count(stats.sources, "source"))",
      "contents   \(Wording.bytes(stats.logicalBytes)) side by side",
      "chunks     \(stats.chunks), \(Wording.bytes(stats.plaintextBytes)) before compression",
      "stored     \(Wording.bytes(stats.storedBytes)) in \(Wording.count(stats.packs, "pack"))"
        + (ratio > 0 ? ", \(Wording.decimals(ratio, 1)) times less" : ""),
    ]
  }

  private static func json(_ stats: RepositoryStatistics) -> JSON {
    .object([
      ("message_type", .string("stats")), ("snapshots", .integer(stats.snapshots)),
      ("sources", .integer(stats.sources)), ("packs", .integer(stats.packs)), ("chunks", .integer(stats.chunks)),
      ("logical_bytes", .integer(stats.logicalBytes)), ("plaintext_bytes", .integer(stats.plaintextBytes)),
      ("stored_bytes", .integer(stats.storedBytes)),
    ])
  }
}
