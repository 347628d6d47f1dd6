/// (f) How long it takes to say hello.
enum StartUp: Workload {
  static let name = "startup"

  static func run(_ settings: Settings) throws -> Report.Section {
    var comparison = Comparison(
      settings.tools { ["chromasnap", "restic", "borg", "kopia", "rustic"].contains($0.name) })
    comparison.steps = [("help", "--help"), ("version", "version")]
    for round in 0...20 {
      for tool in comparison.turn(of: round) {
        try Folders.make(tool.home)
        for (step, question) in [("help", "--help"), ("version", tool.versionQuestion)] {
          let usage = try tool.run([tool.program, question], in: settings.work)
          if round > 0 { comparison.add(step, tool, round: round, usage) }
        }
      }
    }
    for tool in comparison.tools { try settings.discard(tool) }
    var section = Report.Section(name, "Start-up")
    section.remarks = ["Medians of 20 starts."]
    section.tables = [comparison.table()]
    section.figures = comparison.figures
    section.goals = [Goal.atMost(15, "ms", "--help", comparison.wall("help", "chromasnap").map { $0 * 1000 })]
      .compactMap { $0 }
    return section
  }
}
