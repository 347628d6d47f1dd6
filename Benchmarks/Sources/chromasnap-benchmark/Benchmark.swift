import ArgumentParser
import Foundation

@main
struct Benchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chromasnap-benchmark",
    abstract: "Measure chromasnap side by side with what else there is, and its parts against their limits.",
    subcommands: [RunCommand.self, SeedCommand.self, FloorCommand.self],
    defaultSubcommand: RunCommand.self)
}

struct RunCommand: ParsableCommand {
  static let workloads: [any Workload.Type] = [
    Mix.self, ChromaLife.self, SmallFiles.self, LargeDatabase.self, ManySnapshots.self, StartUp.self, Health.self,
    MicroBenchmarks.self,
  ]

  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run workloads, and print and store what they came to.",
    discussion: """
      WORKLOADS
        mix      1 GiB of SQLite, vectors and small files: first, unchanged, small change, 1 %, restore, export
        life     a Chroma directory of 50,000 records through thirty rounds of changes, a snapshot after each
        files    100,000 small files
        large    one database of 10 GiB with Chroma's schema: memory (needs 30 GB of disk)
        many     repositories of 10, 10,000 and 100,000 snapshots
        startup  --help and version
        health   the examination of a Chroma directory
        micro    the parts by themselves, each as a share of its limit

      EXAMPLES
        chromasnap-benchmark --workload all --results Benchmarks/results/2026-11-25
        chromasnap-benchmark --workload mix,life --tools chromasnap,restic,borg --rounds 5 --work /tmp/benchmark
        chromasnap-benchmark --workload mix --tools all
        chromasnap-benchmark --workload mix --tools chromasnap,borg,borg=/opt/borg-1.4/bin/borg
        chromasnap-benchmark --quick
      """)

  @Option(help: ArgumentHelp("What to measure, separated by commas; or all.", valueName: "names"))
  var workload: String?

  @Option(help: ArgumentHelp("How often each is repeated, after one round that does not count.", valueName: "n"))
  var rounds = 3

  @Option(
    help: ArgumentHelp(
      "What to compare: \(Toolbox.names.joined(separator: ", ")); name=PATH is another program of that kind; all is "
        + "every one that is installed.", valueName: "names"))
  var tools: String?

  @Option(help: ArgumentHelp("1 is the full size; 0.1 is a tenth of everything.", valueName: "factor"))
  var size = 1.0

  @Option(
    help: ArgumentHelp("The folder for data and repositories; what is made there is used again.", valueName: "dir"))
  var work: String?

  @Option(help: ArgumentHelp("Write FILE.json with every figure and FILE.md with the tables.", valueName: "file"))
  var results: String?

  @Option(help: ArgumentHelp("The program to measure instead of the one built with this.", valueName: "path"))
  var program: String?

  @Flag(help: "In the mix, each tool reads its repository and its cache from the disk, for they are not in memory.")
  var cold = false

  @Flag(help: "Leave the last repositories in the work folder, one per tool.")
  var keep = false

  @Flag(help: "Everything once, tiny, in a minute or two: whether it works, not how fast it is.")
  var quick = false

  func validate() throws {
    guard rounds > 0, size > 0 else { throw ValidationError("--rounds and --size take numbers above 0.") }
    _ = try chosenWorkloads
  }

  private var chosenWorkloads: [any Workload.Type] {
    get throws {
      let names = workload ?? (quick ? "mix,life,files,many,startup,health" : "mix")
      if names == "all" { return Self.workloads }
      return try names.split(separator: ",").map { name in
        guard let found = Self.workloads.first(where: { $0.name == name }) else {
          throw ValidationError(
            "There is no workload \"\(name)\"; there are \(Self.workloads.map { $0.name }.joined(separator: ", ")).")
        }
        return found
      }
    }
  }

  func run() throws {
    let folder = work ?? NSTemporaryDirectory() + "/chromasnap-benchmark-\(getpid())"
    try Folders.make(folder)
    defer { if work == nil { Folders.remove(folder) } }
    let settings = try settings(in: FileManager.default.realPath(folder))
    defer { settings.emptyTrash() }
    var report = Report()
    for tool in settings.tools { report.tools[tool.name] = tool.version }
    for workload in try chosenWorkloads {
      let section = try workload.run(settings)
      report.sections.append(section)
      print((["## \(section.title)", ""] + section.markdown + [""]).joined(separator: "\n"))
      // What has been measured is kept, whatever comes next.
      if let results { try report.write(to: results) }
    }
    let goals = report.sections.flatMap(\.goals)
    if !goals.isEmpty { print((["## Goals", ""] + Goal.table(goals).markdown).joined(separator: "\n")) }
  }

  private func settings(in work: String) throws -> Settings {
    let own = FileManager.default.realPath(Bundle.main.executablePath ?? CommandLine.arguments[0])
    let toolbox = Toolbox(
      work: work, chromasnap: program ?? (own as NSString).deletingLastPathComponent + "/chromasnap")
    let wanted = tools.map { $0 == "all" ? Toolbox.names : $0.split(separator: ",").map(String.init) }
    var found: [Tool] = []
    for name in wanted ?? Toolbox.usual {
      if var tool = try toolbox.tool(name) {
        // A second program of the same tool goes by all that was asked for.
        if found.contains(where: { $0.name == tool.name }) { tool.name = name }
        found.append(tool)
      } else if wanted != nil, tools != "all" {
        throw BenchmarkError("\(name) is not installed")
      }
    }
    guard found.first?.name == "chromasnap" else {
      throw BenchmarkError("the first of --tools is chromasnap: the others are compared with it")
    }
    return Settings(
      root: Self.root, work: work, tools: found, rounds: quick ? 1 : rounds, size: quick ? 0.02 : size, isQuick: quick,
      hasColdRepositories: cold, keepsRepositories: keep, ownProgram: own)
  }

  /// The checkout that this was built from.
  private static var root: String {
    (0..<4).reduce(#filePath) { path, _ in (path as NSString).deletingLastPathComponent }
  }
}

extension FileManager {
  /// A path without symbolic links, absolute.
  func realPath(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
}
