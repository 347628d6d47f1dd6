/// Rows of text in columns.
struct Table {
  enum Alignment { case left, right }

  private let headings: [(String, Alignment)]
  private var rows: [[String]] = []

  init(_ headings: [(String, Alignment)]) { self.headings = headings }

  mutating func add(_ row: [String]) { rows.append(row) }

  /// The table's lines, without blanks at their ends.
  var lines: [String] {
    let titles = headings.map(\.0)
    let widths = titles.indices.map { column in ([titles] + rows).map { $0[column].count }.max() ?? 0 }
    return ([titles] + rows).map { row in
      let cells = row.indices.map { column in
        let blanks = String(repeating: " ", count: widths[column] - row[column].count)
        return headings[column].1 == .left ? row[column] + blanks : blanks + row[column]
      }
      let line = cells.joined(separator: "  ")
      let end = line.utf8.lastIndex { $0 != UInt8(ascii: " ") }
      return end.map { String(line[...$0]) } ?? ""
    }
  }
}
