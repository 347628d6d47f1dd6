import Foundation

/// (e) Repositories with many snapshots: nothing may get slower with their number.
enum ManySnapshots: Workload {
  static let name = "many"

  static func run(_ settings: Settings) throws -> Report.Section {
    let counts = settings.isQuick ? [10, 200] : [10, 10_000, 100_000].map { max(10, Int(Double($0) * settings.size)) }
    var section = Report.Section(name, "Many snapshots")
    section.remarks = [
      "A folder of 20 files of 8 KB, one of them changed before each snapshot, ten minutes apart; seeded by the library in "
        + "one process, without fsync. Then whole processes of chromasnap: medians of 5, and once each of what changes the "
        + "repository. *Catalogue rebuilt* is a listing without the local cache; forget keeps the last 50, 60 daily ones "
        + "and 24 monthly ones."
    ]
    var columns: [Measured] = []
    for count in counts {
      say("many: \(count) snapshots")
      columns.append(try Measured(count, settings))
      section.figures += columns[columns.count - 1].figures
    }
    section.tables = [table(columns)]
    section.goals = goals(columns)
    return section
  }

  private static func table(_ columns: [Measured]) -> Table {
    var table = Table(["seconds"] + columns.map { "\($0.count) snapshots" })
    table.rows.append(["seeding, CPU per snapshot"] + columns.map { short($0.seeding.last ?? 0) })
    for step in Measured.steps {
      table.rows.append([step.label] + columns.map { $0.wall(step.id).map(short) ?? "" })
      table.rows.append(["\(step.label), peak memory, MB"] + columns.map { $0.peak(step.id).map(short) ?? "" })
    }
    return table
  }

  private static func goals(_ columns: [Measured]) -> [Goal] {
    guard columns.count > 1, let few = columns.first, let many = columns.last else { return [] }
    func ratio(_ step: String) -> Double? {
      few.wall(step).flatMap { base in many.wall(step).map { $0 / base } }
    }
    return [
      Goal.atMost(2, "times", "a snapshot after \(many.count), to one after \(few.count)", ratio("snapshot")),
      Goal.atMost(
        2, "times", "the same in one process, CPU, the last ones to the first ones",
        few.seeding.last.flatMap { base in many.seeding.last.map { $0 / base } }),
      Goal.atMost(100, "ms", "list --last 20 of \(many.count)", many.wall("list20").map { $0 * 1000 }),
    ].compactMap { $0 }
  }
}

/// One repository with its figures.
private struct Measured {
  let count: Int
  /// CPU seconds per snapshot in the process that seeded it, by tenths of it.
  let seeding: [Double]
  private(set) var figures: [Figure] = []

  static let steps: [(id: String, label: String)] = [
    ("snapshot", "snapshot"), ("list20", "list --last 20"), ("list", "list"), ("rebuild", "catalogue rebuilt"),
    ("forget", "forget"), ("prune", "prune"), ("after", "snapshot after that"), ("check", "check"),
  ]

  func wall(_ step: String) -> Double? { median(figures.filter { $0.step == step }.map(\.wall)) }
  func peak(_ step: String) -> Double? { figures.filter { $0.step == step }.map { Double($0.peak) / 1e6 }.max() }

  init(_ count: Int, _ settings: Settings) throws {
    self.count = count
    let tool = try settings.chromasnap
    try tool.startAnew(settings)
    defer { try? settings.discard(tool) }
    let source = "\(tool.home)/source"
    let seed = Command(
      [settings.ownProgram, "seed", source, tool.repository, "\(tool.home)/cache", "--snapshots", "\(count)"],
      in: tool.home)
    seeding = try JSONDecoder().decode([Double].self, from: Data(try seed.output(log: tool.log).utf8))

    try measure("snapshot", tool, tool.snapshot!(0), in: source, times: 6) { number in
      try SeedSource(source).change(count + number)
      Folders.settle()
    }
    try measure("list20", tool, [tool.program, "list", "--last", "20"], in: tool.home, times: 6)
    try measure("list", tool, [tool.program, "list"], in: tool.home, times: 2)
    try measure(
      "rebuild", tool, [tool.program, "list", "--last", "20", "--cache-dir", "\(tool.home)/other-cache"], in: tool.home)
    let policy = ["--keep-last", "50", "--keep-daily", "60", "--keep-monthly", "24"]
    try measure("forget", tool, [tool.program, "forget", "--quiet"] + policy, in: tool.home)
    try measure("prune", tool, [tool.program, "prune", "--quiet"], in: tool.home)
    try measure("after", tool, tool.snapshot!(0), in: source, times: 6) { number in
      try SeedSource(source).change(count + 10 + number)
      Folders.settle()
    }
    try measure("check", tool, [tool.program, "check", "--quiet", "--read-data"], in: tool.home)
  }

  /// Of several times the first does not count.
  private mutating func measure(
    _ step: String, _ tool: Tool, _ arguments: [String], in folder: String, times: Int = 1,
    before prepare: (Int) throws -> Void = { _ in }
  ) throws {
    for number in 0..<times {
      try prepare(number)
      sync()
      let usage = try tool.run(arguments, in: folder)
      if number == 0, times > 1 { continue }
      figures.append(
        Figure(
          step: "\(step)", tool: tool.name, round: number, wall: usage.wall, cpu: usage.cpu, peak: usage.peak,
          stored: nil))
    }
  }
}
