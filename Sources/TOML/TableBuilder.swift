/// A table while its document is being read. Headers and dotted keys may add to it from several places, by rules that
/// allow each part to be defined once.
final class TableBuilder {
  enum Item {
    /// Complete: a scalar, an array, an inline table. Nothing can be added to it.
    case value(TOMLValue)
    case table(TableBuilder)
    /// An array of tables; headers mean the last one.
    case tables([TableBuilder])
  }

  let line: Int
  /// Whether a header or dotted keys of an earlier section have said what is in it.
  var isDefined = false
  private var keys: [String] = []
  private var items: [String: (item: Item, line: Int)] = [:]

  init(line: Int) { self.line = line }

  subscript(key: String) -> Item? { items[key]?.item }

  func line(of key: String) -> Int { items[key]?.line ?? line }

  func add(_ key: String, _ item: Item, line: Int) {
    keys.append(key)
    items[key] = (item, line)
  }

  func append(_ table: TableBuilder, toTablesAt key: String) {
    guard case .tables(let tables)? = items[key]?.item else { return }
    items[key]?.item = .tables(tables + [table])
  }

  /// The table below that a header passes through; made where it is not there yet.
  func passing(_ key: Key) throws(TOMLError) -> TableBuilder {
    switch self[key.name] {
    case nil:
      let table = TableBuilder(line: key.line)
      add(key.name, .table(table), line: key.line)
      return table
    case .table(let table)?: return table
    case .tables(let tables)?: return tables[tables.count - 1]
    case .value?: throw conflict(key, "is a value already")
    }
  }

  func conflict(_ key: Key, _ what: String) -> TOMLError {
    TOMLError(message: "`\(key.name)` \(what), on line \(line(of: key.name))", line: key.line)
  }

  var finished: TOMLTable {
    TOMLTable(
      keys.map { key in
        let (item, line) = items[key]!
        let value: TOMLValue =
          switch item {
          case .value(let value): value
          case .table(let table): TOMLValue(.table(table.finished), line: table.line)
          case .tables(let tables):
            TOMLValue(.array(tables.map { TOMLValue(.table($0.finished), line: $0.line) }), line: line)
          }
        return TOMLTable.Entry(key: key, line: line, value: value)
      })
  }
}

/// One part of a key, and where it is written.
struct Key {
  var name: String
  var line: Int
}
