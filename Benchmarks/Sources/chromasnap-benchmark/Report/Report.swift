import Foundation

/// Everything that one run of the benchmark has found.
struct Report: Codable {
  var date = ISO8601DateFormatter().string(from: Date())
  var machine = Machine.description
  var tools: [String: String] = [:]
  var sections: [Section] = []

  /// One workload.
  struct Section: Codable {
    var workload: String
    var title: String
    /// What it takes to read the tables.
    var remarks: [String] = []
    var tables: [Table] = []
    var goals: [Goal] = []
    /// Each single measurement.
    var figures: [Figure] = []

    init(_ workload: String, _ title: String) {
      self.workload = workload
      self.title = title
    }
  }

  var markdown: String {
    var lines = ["# Benchmark of \(date.prefix(10))", "", machine + ". " + versions]
    for section in sections { lines += ["", "## \(section.title)", ""] + section.markdown }
    let goals = sections.flatMap(\.goals)
    if !goals.isEmpty { lines += ["", "## Goals", ""] + Goal.table(goals).markdown }
    return lines.joined(separator: "\n") + "\n"
  }

  private var versions: String {
    tools.keys.sorted().compactMap { tools[$0] }.joined(separator: ", ") + "."
  }

  /// Writes `file` as JSON, and the same name with `.md` as Markdown.
  func write(to file: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let stem = file.hasSuffix(".json") ? String(file.dropLast(5)) : file
    let folder = (stem as NSString).deletingLastPathComponent
    if !folder.isEmpty { try Folders.make(folder) }
    try encoder.encode(self).write(to: URL(fileURLWithPath: "\(stem).json"))
    try Data(markdown.utf8).write(to: URL(fileURLWithPath: "\(stem).md"))
  }
}

extension Report.Section {
  var markdown: [String] {
    var lines = remarks
    for table in tables {
      if !lines.isEmpty { lines.append("") }
      lines += table.markdown
    }
    return lines
  }
}

/// One measurement.
struct Figure: Codable {
  var step: String
  var tool: String
  /// 0 for what is measured once.
  var round: Int
  var wall: Double
  var cpu: Double
  var peak: Int
  /// Bytes by which the repository grew.
  var stored: Int?
}

/// What is wanted of a figure.
struct Goal: Codable {
  var what: String
  var measured: Double
  var bound: Double
  var isMinimum: Bool
  var unit: String

  var isMet: Bool { isMinimum ? measured >= bound : measured <= bound }

  static func atLeast(_ bound: Double, _ unit: String, _ what: String, _ measured: Double?) -> Goal? {
    measured.map { Goal(what: what, measured: $0, bound: bound, isMinimum: true, unit: unit) }
  }

  static func atMost(_ bound: Double, _ unit: String, _ what: String, _ measured: Double?) -> Goal? {
    measured.map { Goal(what: what, measured: $0, bound: bound, isMinimum: false, unit: unit) }
  }

  static func table(_ goals: [Goal]) -> Table {
    var table = Table(["goal", "wanted", "measured", ""])
    for goal in goals {
      table.rows.append([
        goal.what, "\(goal.isMinimum ? "at least" : "at most") \(short(goal.bound)) \(goal.unit)",
        "\(short(goal.measured)) \(goal.unit)", goal.isMet ? "met" : "**not met**",
      ])
    }
    return table
  }
}

/// A table: the first column says what, the others hold numbers.
struct Table: Codable {
  var header: [String]
  var rows: [[String]] = []

  init(_ header: [String]) { self.header = header }

  var markdown: [String] {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
    return [line(header), "|---|" + String(repeating: "---:|", count: header.count - 1)] + rows.map(line)
  }
}

/// Three significant digits.
func short(_ value: Double) -> String {
  switch abs(value) {
  case 0: "0"
  case 100...: String(format: "%.0f", value)
  case 10..<100: String(format: "%.1f", value)
  case 1..<10: String(format: "%.2f", value)
  default: String(format: "%.3f", value)
  }
}

func median(_ values: [Double]) -> Double? {
  guard !values.isEmpty else { return nil }
  let sorted = values.sorted()
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}
