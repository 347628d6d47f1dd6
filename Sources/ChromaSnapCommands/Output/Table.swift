/// Rows of text in columns.
struct Table {
  enum Alignment { case left, right }

  private let headings: [(String, Alignment)]
  private var rows: [[String]] = []

  init(_ headings: [(String, Alignment)]) { self.headings = headings }

  mutating func add(_ row: [String]) { rows.append(row.map { Terminal.printable($0, inOneLine: true) }) }

  /// The table's lines, without blanks at their ends.
  var lines: [String] { lines(of: Array(headings.indices)) }

  /// The same for a terminal: where not all columns fit, those without a value go first, then those that matter less.
  /// - Parameters:
  ///   - width: How many characters a line may have; `nil` where it does not matter.
  ///   - order: The headings, those that matter most first. The first stays in any case.
  func lines(width: Int?, mostImportantFirst order: [String]) -> [String] {
    guard let width, widths.reduce(-Self.gap.count, { $0 + $1 + Self.gap.count }) > width else { return lines }
    var (shown, left) = (Set<Int>(), width + Self.gap.count)
    for column in order.compactMap({ title in headings.firstIndex { $0.0 == title } }) {
      let needed = widths[column] + Self.gap.count
      guard shown.isEmpty || (needed <= left && rows.contains { !$0[column].isEmpty }) else { continue }
      shown.insert(column)
      left -= needed
    }
    return lines(of: shown.sorted())
  }

  private static let gap = "  "

  private var titles: [String] { headings.map(\.0) }

  private var widths: [Int] {
    titles.indices.map { column in ([titles] + rows).map { $0[column].count }.max() ?? 0 }
  }

  private func lines(of columns: [Int]) -> [String] {
    let widths = widths
    return ([titles] + rows).map { row in
      let cells = columns.map { column in
        let blanks = String(repeating: " ", count: widths[column] - row[column].count)
        return headings[column].1 == .left ? row[column] + blanks : blanks + row[column]
      }
      let line = cells.joined(separator: Self.gap)
      let end = line.utf8.lastIndex { $0 != UInt8(ascii: " ") }
      return end.map { String(line[...$0]) } ?? ""
    }
  }
}
