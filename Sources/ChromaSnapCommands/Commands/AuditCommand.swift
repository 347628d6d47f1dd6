import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO

struct AuditCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Show who ran what on the repository, and how it ended.",
    discussion: """
      Every command that changes something, restores or exports leaves an entry in the repository. Entries stay for 400 days; \
      `prune` removes older ones.

      EXAMPLES
        chromasnap audit
        chromasnap audit --command restore --command undo --last 0
        chromasnap audit --json
      """)

  @Option(help: ArgumentHelp("Only the newest; 0 shows all.", valueName: "n"))
  var last = 100

  @Option(
    name: .customLong("command"),
    help: ArgumentHelp("Only runs of this command; may be given several times.", valueName: "name"))
  var commands: [String] = []

  @OptionGroup(title: "Global options") var global: GlobalOptions

  var isAudited: Bool { false }

  func validate() throws {
    if last < 0 { throw ValidationError("--last takes a number that is not negative.") }
  }

  func execute() throws(SnapshotError) -> Int32 {
    var verb = ReadAudit()
    verb.last = last == 0 ? nil : last
    verb.commands = Set(commands)
    let entries = try verb.run(in: global.location)
    render(.array(entries.map(Self.json))) { entries.isEmpty ? ["no entries"] : Self.table(entries).lines }
    return ExitStatus.success
  }

  private static func table(_ entries: [AuditEntry]) -> Table {
    var table = Table([
      ("TIME", .left), ("USER", .left), ("HOST", .left), ("RESULT", .left), ("TOOK", .right), ("SNAPSHOT", .left),
      ("COMMAND", .left),
    ])
    for entry in entries {
      table.add([
        entry.time.localText, entry.username + (entry.sudoUser.map { " (\($0))" } ?? ""), entry.hostname,
        entry.exitCode == 0 ? "ok" : entry.error ?? "exit \(entry.exitCode)", Wording.duration(entry.duration),
        entry.snapshot?.short ?? "", commandLine(entry),
      ])
    }
    return table
  }

  private static func commandLine(_ entry: AuditEntry) -> String {
    entry.arguments.map { argument in
      let isPlain =
        !argument.isEmpty && argument.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "'" && $0.value != 0x7F }
      return isPlain ? argument : JSON.string(argument).text
    }.joined(separator: " ")
  }

  private static func json(_ entry: AuditEntry) -> JSON {
    .object([
      ("time", .time(entry.time)), ("duration", .number(entry.duration)), ("command", .string(entry.command)),
      ("arguments", .strings(entry.arguments)), ("hostname", .string(entry.hostname)),
      ("username", .string(entry.username)), ("sudo_user", .optional(entry.sudoUser)),
      ("exit_code", .integer(entry.exitCode)), ("error", .optional(entry.error)),
      ("snapshot_id", .optional(entry.snapshot?.description)), ("source", .optional(entry.source)),
      ("program", .string(entry.program)),
    ])
  }
}
