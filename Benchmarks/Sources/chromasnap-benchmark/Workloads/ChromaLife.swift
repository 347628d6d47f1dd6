import Foundation

/// (b) The life of a Chroma directory: rounds of adds, updates and deletes by a process that keeps it open, and a snapshot
/// after each.
enum ChromaLife: Workload {
  static let name = "life"

  static func run(_ settings: Settings) throws -> Report.Section {
    let records = max(2000, Int(50_000 * settings.size))
    let lifeRounds = settings.isQuick ? 5 : 30
    let pristine = "\(settings.work)/life-\(records)"
    if !Folders.exists(pristine) {
      say("making a Chroma directory of \(records) records")
      try settings.make("chroma/life.py", "make", pristine, "--records", "\(records)")
    }
    let folder = "\(settings.work)/life"
    Folders.remove(folder)
    try Folders.copy(pristine, to: folder)
    defer { Folders.remove(folder) }
    let tools = settings.tools { $0.isIncremental && $0.snapshot != nil }
    var life = Life(settings: settings, folder: folder, tools: tools)
    try life.live(rounds: lifeRounds)

    var section = Report.Section(
      name, "The life of a Chroma directory: \(records) records of 384 floats, \(lifeRounds) rounds")
    section.remarks = [
      "Each round a living process adds 200 records, updates 50 and deletes 25; then every tool takes a snapshot. In "
        + "\(life.rounds(.persisted).count) rounds Chroma also wrote its HNSW index, in the others SQLite alone. The "
        + "floor is zstd -3 of the 512-byte blocks that differ, with the old ones as prefix, in regions of 1 MiB: it has "
        + "no ids, no index, no trees. Bytes are all by which a repository grew."
    ]
    section.tables = [life.storedTable, life.timeTable]
    section.figures = life.comparison.figures
    section.goals = life.goals
    return section
  }
}

private struct Life {
  let settings: Settings
  let folder: String
  var comparison: Comparison
  /// By round.
  private(set) var kinds: [Int: Kind] = [:]
  private(set) var floors: [Int: Floor] = [:]

  enum Kind: String, CaseIterable {
    case sqlite = "rounds that wrote SQLite alone"
    case persisted = "rounds that wrote HNSW too"
  }

  init(settings: Settings, folder: String, tools: [Tool]) {
    self.settings = settings
    self.folder = folder
    comparison = Comparison(tools)
  }

  func rounds(_ kind: Kind) -> [Int] { kinds.keys.filter { kinds[$0] == kind }.sorted() }

  // MARK: Living

  mutating func live(rounds: Int) throws {
    let tools = comparison.tools
    for tool in tools { try tool.startAnew(settings) }
    defer { for tool in tools { try? settings.discard(tool) } }
    let previous = "\(settings.work)/life-previous"
    defer { Folders.remove(previous) }
    let writer = try LivingProcess(
      [try settings.python(), "\(settings.root)/Benchmarks/chroma/life.py", "live", folder],
      log: "\(settings.work)/log-life")
    defer { writer.end() }
    try waitUntilQuiet()
    Folders.heat(folder)
    for round in 0...rounds {
      say("life: round \(round) of \(rounds)")
      if round > 0 {
        Folders.remove(previous)
        try Folders.copy(folder, to: previous)
        try writer.step()
        try waitUntilQuiet()
        kinds[round] = indexTime(folder) == indexTime(previous) ? .sqlite : .persisted
        floors[round] = try Floor.measure(previous, folder, by: settings)
      }
      for tool in comparison.turn(of: round) {
        guard let snapshot = tool.snapshot else { continue }
        let before = tool.stored
        sync()
        let usage = try tool.run(snapshot(round + 1), in: folder)
        comparison.add(
          round == 0 ? "first" : "round", tool, round: round, usage, stored: tool.stored - before)
      }
      if round == rounds / 2 {
        Folders.remove("\(settings.work)/life-middle")
        try Folders.copy(folder, to: "\(settings.work)/life-middle")
      }
    }
    defer { Folders.remove("\(settings.work)/life-middle") }
    try restore("restore last", archive: rounds + 1, newer: 0, like: folder)
    try restore(
      "restore middle", archive: rounds / 2 + 1, newer: rounds - rounds / 2, like: "\(settings.work)/life-middle")
  }

  /// Chroma writes its index in the background: until nothing is younger than what every tool believes.
  private func waitUntilQuiet() throws {
    for _ in 0..<40 {
      var newest = 0
      for file in Folders.files(folder) {
        var status = stat()
        if stat(file.path, &status) == 0 { newest = max(newest, Int(status.st_mtim.tv_sec)) }
      }
      if Int(time(nil)) - newest >= 3 { return }
      usleep(250_000)
    }
    throw BenchmarkError("Chroma does not come to rest in \(folder)")
  }

  private func indexTime(_ folder: String) -> [String] {
    Folders.files(folder).filter { $0.path.hasSuffix("/data_level0.bin") }.map { file in
      var status = stat()
      _ = stat(file.path, &status)
      return "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    }
  }

  private mutating func restore(_ step: String, archive: Int, newer: Int, like original: String) throws {
    for round in 0...settings.rounds {
      for tool in comparison.turn(of: round) {
        let target = "\(settings.work)/restored"
        guard let command = tool.restore?(archive, newer, target) else { continue }
        defer { try? settings.retire(target) }
        sync()
        let usage = try tool.run(command, in: settings.work)
        if round > 0 {
          comparison.add(step, tool, round: round, usage)
        } else {
          try Folders.compare(original, target, log: tool.log)
        }
      }
    }
  }

  // MARK: What came of it

  private func total(_ kind: Kind, _ tool: String) -> Double {
    let wanted = Set(rounds(kind))
    return comparison.figures("round", tool).filter { wanted.contains($0.round) }
      .reduce(0) { $0 + Double($1.stored ?? 0) }
  }

  private func floor(_ kind: Kind) -> Double { rounds(kind).reduce(0) { $0 + Double(floors[$1]?.compressed ?? 0) } }

  private func wall(_ kind: Kind, _ tool: String) -> Double? {
    let wanted = Set(rounds(kind))
    return median(comparison.figures("round", tool).filter { wanted.contains($0.round) }.map(\.wall))
  }

  var storedTable: Table {
    let tools = comparison.tools
    var table = Table(
      ["KB stored per round (mean)"] + tools.map(\.version) + ["floor"] + tools.map { "\($0.name) / floor" })
    for kind in Kind.allCases where !rounds(kind).isEmpty {
      let count = Double(rounds(kind).count) * 1000
      table.rows.append(
        ["\(rounds(kind).count) \(kind.rawValue)"] + tools.map { short(total(kind, $0.name) / count) }
          + [short(floor(kind) / count)] + tools.map { short(total(kind, $0.name) / floor(kind)) })
    }
    return table
  }

  var timeTable: Table {
    let tools = comparison.tools
    var table = Table(["seconds"] + tools.map(\.version) + tools.dropFirst().map { "\($0.name) / \(tools[0].name)" })
    func add(_ label: String, _ values: [Double?]) {
      let ratios = values.dropFirst().map { value in
        if let value, let ours = values[0], ours > 0 { short(value / ours) } else { "" }
      }
      table.rows.append([label] + values.map { $0.map(short) ?? "" } + ratios)
    }
    for kind in Kind.allCases where !rounds(kind).isEmpty {
      add("a round of the \(kind.rawValue), median", tools.map { wall(kind, $0.name) })
    }
    add("a round, CPU", tools.map { comparison.cpu("round", $0.name) })
    add("restore of the last", tools.map { comparison.wall("restore last", $0.name) })
    add("restore of the middle one", tools.map { comparison.wall("restore middle", $0.name) })
    add("peak memory, MB", tools.map { comparison.peak($0.name).map { $0 / 1e6 } })
    return table
  }

  var goals: [Goal] {
    var goals: [Goal?] = []
    for (kind, share) in [(Kind.sqlite, 20.0), (.persisted, 6)] where !rounds(kind).isEmpty {
      let ours = total(kind, "chromasnap")
      for peer in ["restic", "borg"] where comparison.tools.contains(where: { $0.name == peer }) {
        goals.append(.atLeast(share, "times", "\(kind.rawValue), \(peer)'s bytes to ours", total(kind, peer) / ours))
      }
      goals.append(.atMost(1.2, "times", "\(kind.rawValue), our bytes to the floor", ours / floor(kind)))
    }
    goals.append(
      .atLeast(8, "times", "time per round, restic's to ours", comparison.ratio(comparison.wall, "round", to: "restic"))
    )
    return goals.compactMap { $0 }
  }
}
