/// What the examination of a Chroma directory costs, which (a) to (e) leave out.
enum Health: Workload {
  static let name = "health"

  static func run(_ settings: Settings) throws -> Report.Section {
    let records = max(2000, Int(50_000 * settings.size))
    let folder = "\(settings.work)/life-\(records)"
    if !Folders.exists(folder) {
      say("making a Chroma directory of \(records) records")
      try settings.make("chroma/life.py", "make", folder, "--records", "\(records)")
    }
    let tool = try settings.chromasnap
    var comparison = Comparison([tool])
    comparison.steps = [("directory", "of the directory"), ("snapshot", "of a snapshot of it")]
    try tool.startAnew(settings)
    defer { try? settings.discard(tool) }
    Folders.heat(folder)
    _ = try tool.run(tool.snapshot!(1), in: folder)
    for round in 0...settings.rounds {
      for (step, subject) in [("directory", folder), ("snapshot", "latest")] {
        let usage = try tool.run([tool.program, "health", subject], in: settings.work)
        if round > 0 { comparison.add(step, tool, round: round, usage) }
      }
    }
    let gigabytes = Double(Folders.bytes(folder)) / 1e9
    var section = Report.Section(name, "Health")
    section.remarks = [
      "A Chroma directory of \(records) records, \(short(gigabytes)) GB; medians of \(settings.rounds)."
    ]
    section.tables = [comparison.table()]
    section.figures = comparison.figures
    for step in comparison.steps {
      section.goals += [
        Goal.atMost(
          0.8, "s/GB", "health \(step.label)", comparison.wall(step.id, "chromasnap").map { $0 / gigabytes })
      ].compactMap { $0 }
    }
    return section
  }
}
