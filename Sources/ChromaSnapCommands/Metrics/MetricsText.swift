/// Gauges in the text format of Prometheus, version 0.0.4: what a node_exporter's textfile collector reads.
///
/// Several sources and commands share a file: a run replaces the values that are its own and leaves the others.
package struct MetricsText: Sendable {
  package struct Series: Hashable, Sendable {
    package var name: String
    package var labels: [String: String]
  }

  /// What each metric says, in the order of the file. What is not here is not written.
  package let descriptions: [(name: String, help: String)]
  private var values: [Series: Double] = [:]

  package init(_ descriptions: [(name: String, help: String)]) { self.descriptions = descriptions }

  package subscript(name: String, labels: [String: String]) -> Double? {
    get { values[Series(name: name, labels: labels)] }
    set { values[Series(name: name, labels: labels)] = newValue }
  }

  /// The labels under which a metric has values.
  package func series(_ name: String) -> [[String: String]] { values.keys.filter { $0.name == name }.map(\.labels) }

  /// The file.
  package var text: String {
    var text = ""
    for (name, help) in descriptions {
      let lines = values.filter { $0.key.name == name }.map { "\(Self.text($0.key)) \(Self.text($0.value))" }.sorted()
      guard !lines.isEmpty else { continue }
      text += "# HELP \(name) \(help)\n# TYPE \(name) gauge\n" + lines.joined(separator: "\n") + "\n"
    }
    return text
  }

  private static func text(_ series: Series) -> String {
    guard !series.labels.isEmpty else { return series.name }
    let labels = series.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(escaped($0.value))\"" }
    return "\(series.name){\(labels.joined(separator: ","))}"
  }

  private static func escaped(_ value: String) -> String {
    value.unicodeScalars.reduce(into: "") { text, scalar in
      switch scalar {
      case "\\": text += "\\\\"
      case "\"": text += "\\\""
      case "\n": text += "\\n"
      default: text.unicodeScalars.append(scalar)
      }
    }
  }

  private static func text(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 9e15 ? "\(Int64(value))" : "\(value)"
  }

  // MARK: Reading

  /// Takes over the values of a file that this program wrote. Lines that are anything else are dropped.
  package mutating func merge(_ file: String) {
    let known = Set(descriptions.map(\.name))
    for line in file.split(separator: "\n") where !line.hasPrefix("#") {
      guard let (series, value) = Self.parse(line), known.contains(series.name) else { continue }
      values[series] = value
    }
  }

  private static func parse(_ line: Substring) -> (Series, Double)? {
    var rest = line.unicodeScalars[...]
    let name = String(rest.prefix { $0 != "{" && $0 != " " })
    rest = rest.dropFirst(name.unicodeScalars.count)
    var labels: [String: String] = [:]
    if rest.first == "{" {
      rest = rest.dropFirst()
      while let first = rest.first, first != "}" {
        let key = String(rest.prefix { $0 != "=" })
        rest = rest.dropFirst(key.unicodeScalars.count + 1)
        guard rest.popFirst() == "\"", let value = string(&rest) else { return nil }
        labels[key] = value
        if rest.first == "," { rest = rest.dropFirst() }
      }
      guard rest.popFirst() == "}" else { return nil }
    }
    guard rest.first == " ", let value = Double(String(rest.dropFirst())), !name.isEmpty else { return nil }
    return (Series(name: name, labels: labels), value)
  }

  /// To the closing quote, which goes too.
  private static func string(_ rest: inout Substring.UnicodeScalarView) -> String? {
    var value = String.UnicodeScalarView()
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\"": return String(value)
      case "\\":
        guard let next = rest.popFirst() else { return nil }
        value.append(next == "n" ? "\n" : next)
      default: value.append(scalar)
      }
    }
    return nil
  }
}
