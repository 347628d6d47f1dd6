public import ArgumentParser
import ChromaSnap
import SnapshotRepository
import SystemIO

/// The program.
public struct ChromaSnapCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: Program.name,
    abstract: "Incremental, deduplicated snapshots of ChromaDB directories, and of any other.",
    discussion: """
      EXAMPLES
        chromasnap snapshot ./chroma              take a snapshot (the repository is made when it is missing)
        chromasnap list                           what is there
        chromasnap restore latest --to ./restored bring it back beside the original
        chromasnap forget --keep-daily 7 --prune  keep a week's, free the space of the others
        chromasnap check --read-data              prove that everything can be restored
        chromasnap auto ./chroma --quiet          what cron calls: a snapshot if needed, the newest 10 stay
        chromasnap import ./chromadb_backups      old ZIP backups become snapshots
        chromasnap                                on a terminal: a menu
      """,
    version: Program.nameAndVersion,
    groupedSubcommands: [
      CommandGroup(
        name: "Snapshots",
        subcommands: [
          SnapshotCommand.self, AutoCommand.self, RestoreCommand.self, UndoCommand.self, ExportCommand.self,
          ImportCommand.self,
        ]),
      CommandGroup(
        name: "Looking",
        subcommands: [
          ListCommand.self, ShowCommand.self, LsCommand.self, DiffCommand.self, DumpCommand.self, StatsCommand.self,
        ]),
      CommandGroup(
        name: "Retention", subcommands: [ForgetCommand.self, PinCommand.self, UnpinCommand.self, PruneCommand.self]),
      CommandGroup(
        name: "Repository",
        subcommands: [
          InitCommand.self, CheckCommand.self, RepairCommand.self, HealthCommand.self, DrillCommand.self,
          MenuCommand.self, ScheduleCommand.self, ConfigCommand.self, VersionCommand.self,
        ]),
      CommandGroup(name: "Watching", subcommands: [StatusCommand.self, AuditCommand.self]),
    ])

  public init() {}

  /// The names of all commands.
  package static var names: Set<String> {
    Set(commands.compactMap { $0.configuration.commandName })
  }

  private static var commands: [any ParsableCommand.Type] {
    configuration.groupedSubcommands.flatMap { $0.subcommands }
  }

  /// Without a command: the menu where somebody can be asked, else the help.
  public func run() throws {
    guard MenuCommand.canRun else { throw CleanExit.helpRequest(self) }
    var menu = try MenuCommand.parse([])
    try menu.run()
  }

  /// The command that the arguments stand for. One that is named first is parsed without the ones above and beside it,
  /// which saves a millisecond; where that fails, or ends in anything else such as a page of help, all are parsed: their
  /// messages say what is wrong and what there is, with the program's name.
  private static func parsed(_ arguments: [String]) throws -> any ParsableCommand {
    if let name = arguments.first, let command = commands.first(where: { $0.configuration.commandName == name }),
      let parsed = try? command.parseAsRoot(Array(arguments.dropFirst())), type(of: parsed) == command
    {
      return parsed
    }
    if arguments.first == "help", let problem = missingTopic(in: arguments.dropFirst()) {
      throw ValidationError(problem)
    }
    do { return try parseAsRoot(arguments) } catch {
      guard exitCode(for: error) == .validationFailure, let problem = missingCommand(in: arguments) else { throw error }
      throw ValidationError(problem)
    }
  }

  /// What is wrong with arguments that do not begin with a command.
  private static func missingCommand(in arguments: [String]) -> String? {
    guard let first = arguments.first, first != "help", command(first, among: commands) == nil else { return nil }
    if first.hasPrefix("-") { return "the command comes first, as in: \(Program.name) list \(first)" }
    return noCommand(first, among: commands)
  }

  /// What is wrong with words that help is asked for.
  private static func missingTopic(in words: ArraySlice<String>) -> String? {
    var below = commands
    for word in words.prefix(while: { !$0.hasPrefix("-") && $0 != "help" }) {
      guard let found = command(word, among: below) else { return noCommand(word, among: below) }
      below = found.configuration.subcommands
    }
    return nil
  }

  private static func names(of command: any ParsableCommand.Type) -> [String] {
    [command.configuration.commandName ?? ""] + command.configuration.aliases
  }

  private static func command(
    _ name: String, among commands: [any ParsableCommand.Type]
  ) -> (any ParsableCommand.Type)? { commands.first { names(of: $0).contains(name) } }

  private static func noCommand(_ name: String, among commands: [any ParsableCommand.Type]) -> String {
    let guess = NearMiss.best(for: name, among: commands.flatMap(names)).map { "; did you mean \($0)?" } ?? ""
    return "there is no command \(name)\(guess)"
  }

  /// Parses the arguments, runs the command, ends the process with its exit code.
  public static func start() -> Never {
    Platform.settleStreams()
    Environment.quietenDispatch()
    let arguments = Arguments.all
    // A command comes first; what begins with a dash asks for help. To look for its name takes longer than this may cost.
    if Platform.processorCount > 1, let command = arguments.first, !command.hasPrefix("-") {
      _ = Background { Repository.warmUp() }
    }
    do {
      if let problem = Arguments.emptyPath(in: arguments) { throw ValidationError(problem) }
      var command = try parsed(arguments)
      try command.run()
    } catch {
      // A script that asked for JSON gets its mistakes as JSON too.
      if arguments.contains("--json"), exitCode(for: error).rawValue == ExitStatus.usage, !(error is ExitCode) {
        Failure.report(SnapshotError.usage(message(for: error)), json: true)
        exit(withError: ExitCode(ExitStatus.usage))
      }
      guard exitCode(for: error) == .success else { exit(withError: error) }
      show(fullMessage(for: error))
    }
    exit()
  }

  /// Prints what was asked for, such as a page of help, and ends in failure where that can't be written.
  private static func show(_ text: String) {
    Terminal.write(Array((text + "\n").utf8))
    guard let failure = Terminal.outputError else { return }
    Failure.report(failure, json: false)
    exit(withError: ExitCode(ExitStatus.failure))
  }
}
