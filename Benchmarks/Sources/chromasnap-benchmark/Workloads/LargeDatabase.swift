/// (d) One large database with Chroma's schema: what matters is memory.
enum LargeDatabase: Workload {
  static let name = "large"

  static func run(_ settings: Settings) throws -> Report.Section {
    let size = 10 * settings.size
    let folder = "\(settings.work)/large-\(size)"
    if !Folders.exists(folder) {
      say("making a database of \(short(size)) GiB")
      try settings.make("chroma/large.py", "make", folder, "--size", "\(size)")
    }
    // Too large to keep.
    defer { Folders.remove(folder) }
    var comparison = Comparison(settings.tools { $0.snapshot != nil && $0.isIncremental })
    comparison.steps = [
      ("first", "first snapshot"), ("unchanged", "nothing changed"), ("change", "100 rows changed"),
      ("restore", "restore"),
    ]
    for (number, tool) in comparison.tools.enumerated() {
      say("large: \(tool.name)")
      // One after the other: two repositories and a restored copy at once would need much disk.
      try tool.startAnew(settings)
      defer { try? settings.discard(tool) }
      Folders.heat(folder)
      for (archive, step) in [(1, "first"), (2, "unchanged"), (3, "change")] {
        if step == "change" { try settings.make("chroma/large.py", "change", folder, "--revision", "\(number)") }
        if step != "unchanged" { Folders.settle() }
        let before = tool.stored
        let usage = try tool.run(tool.snapshot!(archive), in: folder)
        comparison.add(step, tool, round: 0, usage, stored: tool.stored - before)
      }
      let target = "\(settings.work)/restored"
      guard let command = tool.restore?(3, 0, target) else { continue }
      defer { try? settings.retire(target) }
      comparison.add("restore", tool, round: 0, try tool.run(command, in: settings.work))
      try Folders.compare(folder, target, log: tool.log)
    }
    var section = Report.Section(name, "One database of \(short(size)) GiB")
    section.remarks = ["Chroma's schema, texts and vectors, made by plain SQL; each step once; every restore compared."]
    section.tables = [comparison.table(storing: ["first", "change"]), peaks(comparison)]
    section.figures = comparison.figures
    section.goals = [
      Goal.atMost(200, "MB", "peak memory, one large database", comparison.peak("chromasnap").map { $0 / 1e6 }),
      Goal.atLeast(
        1, "times", "peak memory, one large database, restic's to ours",
        comparison.peak("chromasnap").flatMap { ours in comparison.peak("restic").map { $0 / ours } }),
    ].compactMap { $0 }
    return section
  }

  private static func peaks(_ comparison: Comparison) -> Table {
    var table = Table(["peak memory, MB"] + comparison.tools.map(\.version))
    for step in comparison.steps {
      table.rows.append(
        [step.label]
          + comparison.tools.map { tool in
            comparison.figures(step.id, tool.name).map(\.peak).max().map { short(Double($0) / 1e6) } ?? ""
          })
    }
    return table
  }
}
