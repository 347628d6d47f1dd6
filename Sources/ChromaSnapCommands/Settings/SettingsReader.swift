import SnapshotRepository
import SystemPackage
import TOML

/// Turns a file's tables into settings, and says what is wrong with them, and where.
struct SettingsReader {
  let path: FilePath

  private var folder: FilePath { path.removingLastComponent() }

  func settings(in table: TOMLTable) throws(SnapshotError) -> [ConfigurationFile.Found] {
    let tables = Set(SettingTable.all.compactMap(\.table))
    var found: [ConfigurationFile.Found] = []
    for entry in table.entries {
      if tables.contains(entry.key) {
        for inner in try self.table(entry).entries { found.append(try setting(inner, in: entry.key)) }
      } else {
        found.append(try setting(entry, in: nil))
      }
    }
    return found
  }

  private func setting(
    _ entry: TOMLTable.Entry, in table: String?
  ) throws(SnapshotError) -> ConfigurationFile.Found {
    let setting = SettingTable.all.first { $0.table == table && $0.name == entry.key }
    guard let setting else {
      let place = table.map { " in [\($0)]" } ?? ""
      throw failure(entry.line, "unknown key `\(entry.key)`\(place)", hint: suggestion(entry.key, in: table))
    }
    do throws(SettingProblem) {
      return ConfigurationFile.Found(
        setting: setting, value: try setting.read(entry.value, in: folder), line: entry.line)
    } catch {
      throw failure(entry.line, error.message, hint: "\(setting.key): \(setting.documentation)")
    }
  }

  func table(_ entry: TOMLTable.Entry) throws(SnapshotError) -> TOMLTable {
    guard case .table(let table) = entry.value.content else {
      throw failure(
        entry.line, "`\(entry.key)` is \(entry.value.kindName), and must be a table",
        hint: "Write it as [\(entry.key)], with its keys on the lines below.")
    }
    return table
  }

  /// A profile's name becomes part of the names of units and tasks.
  func requireProfileName(_ entry: TOMLTable.Entry) throws(SnapshotError) {
    guard ConfigurationFile.isPlainName(entry.key) else {
      throw failure(
        entry.line, "`\(entry.key)` is no name for a profile",
        hint: "A profile's name is made of letters, digits, - and _, 64 at most.")
    }
  }

  /// What was probably meant by a key that is not known here.
  private func suggestion(_ key: String, in table: String?) -> String {
    let wanted = String(key.map { $0 == "_" ? "-" : $0 }).lowercased()
    if let elsewhere = SettingTable.all.first(where: { $0.name == wanted && $0.table != table }) {
      return elsewhere.table.map { "`\(elsewhere.name)` belongs in [\($0)]." }
        ?? "`\(elsewhere.name)` belongs at the top, before any [table]."
    }
    // By the option's name too: whoever knows the command line writes that.
    let byOption = SettingTable.all.first { $0.table == table && $0.option == "--\(wanted)" }
    let here = SettingTable.all.filter { $0.table == table }.map(\.name)
    let others = table == nil ? ["profiles"] + Set(SettingTable.all.compactMap(\.table)).sorted() : []
    if let near = byOption?.name ?? NearMiss.best(for: wanted, among: here + others) {
      return "Did you mean `\(near)`?"
    }
    return "Known here: \((here + others).joined(separator: ", "))."
  }

  private func failure(_ line: Int, _ message: String, hint: String) -> SnapshotError {
    SnapshotError(.usage, "\(path):\(line): \(message)", hint: hint)
  }
}
