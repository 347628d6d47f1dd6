/// Figures of several tools for the same steps, and their table: medians, and how often the first tool's each of the
/// others' is.
struct Comparison {
  var tools: [Tool]
  var steps: [(id: String, label: String)] = []
  private(set) var figures: [Figure] = []

  init(_ tools: [Tool]) { self.tools = tools }

  /// The tools in the order in which they work in a round: each time somebody else is first.
  func turn(of round: Int) -> [Tool] {
    let first = round % tools.count
    return Array(tools[first...] + tools[..<first])
  }

  mutating func add(_ step: String, _ tool: Tool, round: Int, _ usage: Command.Usage, stored: Int? = nil) {
    figures.append(
      Figure(
        step: step, tool: tool.name, round: round, wall: usage.wall, cpu: usage.cpu, peak: usage.peak, stored: stored))
  }

  func figures(_ step: String, _ tool: String) -> [Figure] {
    figures.filter { $0.step == step && $0.tool == tool }
  }

  func wall(_ step: String, _ tool: String) -> Double? { median(figures(step, tool).map(\.wall)) }
  func cpu(_ step: String, _ tool: String) -> Double? { median(figures(step, tool).map(\.cpu)) }
  func stored(_ step: String, _ tool: String) -> Double? {
    median(figures(step, tool).compactMap { $0.stored.map(Double.init) })
  }
  func peak(_ tool: String) -> Double? { figures.filter { $0.tool == tool }.map { Double($0.peak) }.max() }

  /// How many times chromasnap's figure another tool's is.
  func ratio(_ figure: (String, String) -> Double?, _ step: String, to tool: String) -> Double? {
    guard let ours = figure(step, "chromasnap"), ours > 0 else { return nil }
    return figure(step, tool).map { $0 / ours }
  }

  /// - Parameter storing: The steps of which the bytes stored are shown.
  func table(storing: [String] = []) -> Table {
    let first = tools[0]
    var table = Table(
      [""] + tools.map(\.version) + tools.dropFirst().map { "\($0.name) / \(first.name)" })
    func add(_ label: String, _ values: [Double?]) {
      guard values.contains(where: { $0 != nil }) else { return }
      let ratios = values.dropFirst().map { value in
        if let value, let ours = values[0], ours > 0 { short(value / ours) } else { "" }
      }
      table.rows.append([label] + values.map { $0.map(short) ?? "" } + ratios)
    }
    for step in steps {
      add("\(step.label), seconds", tools.map { wall(step.id, $0.name) })
      add("\(step.label), CPU seconds", tools.map { cpu(step.id, $0.name) })
      if storing.contains(step.id) {
        add("\(step.label), MB stored", tools.map { stored(step.id, $0.name).map { $0 / 1e6 } })
      }
    }
    add("peak memory, MB", tools.map { peak($0.name).map { $0 / 1e6 } })
    return table
  }
}
