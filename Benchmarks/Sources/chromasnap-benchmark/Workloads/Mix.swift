import Foundation

/// (a) A directory of 1 GiB: SQLite with text, vectors and their links, small files.
enum Mix: Workload {
  static let name = "mix"

  static func run(_ settings: Settings) throws -> Report.Section {
    let size = settings.size
    let pristine = "\(settings.work)/mix-\(size)"
    if !Folders.exists(pristine) {
      say("making the mix of \(size) GiB")
      try settings.make("mix/make_mix.py", pristine, "--size", "\(size)")
    }
    let folder = "\(settings.work)/mix"
    try settings.retire(folder)
    try Folders.copy(pristine, to: folder)
    defer { try? settings.retire(folder) }

    var comparison = Comparison(settings.tools)
    comparison.steps = [
      ("first", "first snapshot"), ("unchanged", "nothing changed"), ("small", "small change"),
      ("percent", "1 % changed"), ("restore", "restore"), ("export", "export"),
    ]
    for round in 0...settings.rounds {
      say("mix: round \(round) of \(settings.rounds)\(round == 0 ? " (warms up, and does not count)" : "")")
      // One that finds nothing changed is over in tens of milliseconds, of which chance is a large part.
      let steps =
        round == 0
        ? ["first", "restore"]
        : comparison.steps.flatMap { Array(repeating: $0.id, count: $0.id == "unchanged" ? 3 : 1) }
      try MixRound(folder: folder, settings: settings, number: round).run(steps, &comparison)
    }

    var section = Report.Section(name, "The mix, \(short(size)) GiB")
    let cold = settings.hasColdRepositories ? ", but for the tools' repositories" : ""
    section.remarks = [
      "A SQLite database of texts (52 %), unit vectors of 384 floats (34 %), their neighbour lists (3 %), small text "
        + "files. Hot page cache\(cold); medians of \(settings.rounds) rounds in which the tools take turns. The small "
        + "change is 100 rows, 100 vectors, 20 files. Ratios above 1: chromasnap is ahead."
    ]
    section.tables = [comparison.table(storing: ["first", "small", "percent"])]
    section.figures = comparison.figures
    section.goals = goals(comparison)
    return section
  }

  private static func goals(_ c: Comparison) -> [Goal] {
    let faster = c.wall
    var goals: [Goal?] = [
      .atLeast(5, "times", "first snapshot, restic's seconds to ours", c.ratio(faster, "first", to: "restic")),
      .atLeast(2.5, "times", "first snapshot, borg's seconds to ours", c.ratio(faster, "first", to: "borg")),
      .atLeast(4, "times", "first snapshot, restic's CPU seconds to ours", c.ratio(c.cpu, "first", to: "restic")),
      .atMost(30, "ms", "nothing changed", c.wall("unchanged", "chromasnap").map { $0 * 1000 }),
      .atLeast(25, "times", "nothing changed, restic's seconds to ours", c.ratio(faster, "unchanged", to: "restic")),
    ]
    for (step, label, speed, bytes) in [("small", "small change", 8.0, 50.0), ("percent", "1 % changed", 6, 10)] {
      for peer in ["restic", "borg"] {
        goals.append(.atLeast(speed, "times", "\(label), \(peer)'s seconds to ours", c.ratio(faster, step, to: peer)))
        goals.append(.atLeast(bytes, "times", "\(label), \(peer)'s bytes to ours", c.ratio(c.stored, step, to: peer)))
      }
    }
    for peer in ["restic", "borg"] {
      goals.append(.atLeast(2, "times", "restore, \(peer)'s seconds to ours", c.ratio(faster, "restore", to: peer)))
    }
    goals.append(
      .atMost(
        1.3, "times", "restore, our seconds to those of cp -a; sync -f",
        c.ratio(faster, "restore", to: "cp").map { 1 / $0 }))
    return goals.compactMap { $0 }
  }
}

/// All tools once through some steps. They take turns within each, so that what the machine does meanwhile meets all.
private struct MixRound {
  let folder: String
  let settings: Settings
  let number: Int

  func run(_ steps: [String], _ comparison: inout Comparison) throws {
    let tools = comparison.tools
    let turn = comparison.turn(of: number)
    for tool in tools { try tool.startAnew(settings) }
    Folders.heat(folder)
    var archive = 0
    for step in steps {
      switch step {
      case "restore": try restore(turn, archive: archive, &comparison)
      case "export": try export(turn, &comparison)
      default:
        archive += 1
        if step == "small" || step == "percent" {
          // Other records each time: a change that a tool has seen costs it nothing.
          try settings.make("mix/change_mix.py", folder, step, "--round", "\(number)")
        }
        if step != "unchanged" { Folders.settle() }
        for tool in turn where tool.isIncremental || step == "first" {
          guard let snapshot = tool.snapshot else { continue }
          let before = tool.stored
          sync()
          prepare(for: tool, among: tools)
          Folders.heat(folder)
          let usage = try tool.run(snapshot(archive), in: folder)
          if number > 0 { comparison.add(step, tool, round: number, usage, stored: tool.stored - before) }
        }
      }
    }
    for tool in tools { try settings.discard(tool) }
  }

  /// All tools begin with as much free memory, since getting more of it from the host takes a virtual machine long, and with
  /// what is their own in it: some machines take memory back that has not been used for a while, and some tools keep what
  /// they write out of it.
  private func prepare(for tool: Tool, among tools: [Tool]) {
    for other in tools where other.name != tool.name { Folders.cool(other.home) }
    if settings.hasColdRepositories { Folders.cool(tool.home) } else { Folders.heat(tool.home) }
  }

  private func restore(_ turn: [Tool], archive: Int, _ comparison: inout Comparison) throws {
    for tool in turn {
      let target = "\(settings.work)/restored"
      guard let command = tool.restore?(tool.isIncremental ? archive : 1, 0, target) else { continue }
      defer { try? settings.retire(target) }
      sync()
      prepare(for: tool, among: turn)
      let usage = try tool.run(command, in: settings.work)
      if number > 0 {
        comparison.add("restore", tool, round: number, usage)
      } else {
        try Folders.compare(folder, target, log: tool.log)
      }
    }
  }

  private func export(_ turn: [Tool], _ comparison: inout Comparison) throws {
    for tool in turn {
      guard let export = tool.export else { continue }
      let file = "\(settings.work)/exported.zip"
      defer { Folders.remove(file) }
      // zip and zipfile work in a folder that nobody else has entered this round.
      try Folders.make(tool.home)
      sync()
      let usage = try tool.run(export(file), in: folder)
      let size = (try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? nil
      comparison.add("export", tool, round: number, usage, stored: size)
    }
  }
}
