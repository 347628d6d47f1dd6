import ChromaSnap
import SnapshotRepository
import SystemIO
import SystemPackage
import TOML

/// A configuration file, read and proved: every key is known and every value possible, in all of its profiles.
struct ConfigurationFile: Sendable {
  struct Found: Sendable {
    var setting: any AnySetting
    var value: any SettingValue
    var line: Int
  }

  static let name = "\(Program.name).toml"
  private static let sizeLimit = 1 << 20

  let path: FilePath
  /// What holds for every profile, and without one.
  private let shared: [Found]
  private let own: [(name: String, found: [Found])]

  /// The names of the profiles, in the file's order.
  var profiles: [String] { own.map(\.name) }

  /// Whether a name can be part of the names of units and tasks.
  static func isPlainName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
          || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
      }
  }

  /// Where a file is looked for, as people write it.
  static let places = ["./\(name)", "~/.config/\(Program.name)/\(name)", "/etc/\(name)"]

  /// The file that is named, or the first that is there: in the working directory, the user's configuration folder, /etc.
  static func find(_ named: String?) throws(SnapshotError) -> ConfigurationFile? {
    if let named = named ?? Environment.text("CHROMASNAP_CONFIG") {
      return try ConfigurationFile(reading: FilePath(argument: named))
    }
    for folder in [FileSystem.currentFolder, userFolder, "/etc"].compactMap({ $0 }) {
      let path = folder.appending(name)
      guard let status = try? FileStatus(at: path), status.kind == .file else { continue }
      try requireTrusted(path, status)
      return try ConfigurationFile(reading: path)
    }
    return nil
  }

  private static var userFolder: FilePath? {
    if let folder = Environment.path("XDG_CONFIG_HOME"), Environment.value("XDG_CONFIG_HOME")?.hasPrefix("/") == true {
      return folder.appending(Program.name)
    }
    return Environment.home?.appending(".config").appending(Program.name)
  }

  /// A file may name commands to run: one that somebody else wrote counts only where it is named.
  private static func requireTrusted(_ path: FilePath, _ status: FileStatus) throws(SnapshotError) {
    let isOurs = status.owner == Platform.userID || status.owner == 0
    guard isOurs, status.permissions & 0o002 == 0 else {
      throw SnapshotError(
        .usage,
        isOurs
          ? "\(path) can be written by everybody, so it is not used"
          : "\(path) belongs to another user, so it is not used",
        hint: isOurs
          ? "Take that right away: chmod o-w \(path)." : "If you trust it, name it: --config \(path).")
    }
  }

  init(reading path: FilePath) throws(SnapshotError) {
    let bytes = try calling("reading the configuration") { () throws(SystemError) in
      try Descriptor(opening: path).readAll(limit: Self.sizeLimit)
    }
    try self.init(path: path, bytes: bytes)
  }

  /// - Throws: `usage`, naming file and line.
  init(path: FilePath, bytes: [UInt8]) throws(SnapshotError) {
    self.path = path
    var root: TOMLTable
    do throws(TOMLError) { root = try TOMLTable(parsing: bytes) } catch {
      throw SnapshotError(
        .usage, "\(path):\(error.line): \(error.message)", hint: "The file is TOML: https://toml.io.")
    }
    let reader = SettingsReader(path: path)
    var own: [(String, [Found])] = []
    if let entry = root.entries.first(where: { $0.key == "profiles" }) {
      for profile in try reader.table(entry).entries {
        try reader.requireProfileName(profile)
        own.append((profile.key, try reader.settings(in: try reader.table(profile))))
      }
      root.entries.removeAll { $0.key == "profiles" }
    }
    shared = try reader.settings(in: root)
    self.own = own
  }

  /// What the file sets. A profile's value wins over the shared one. A policy is one thing: a profile that has any rule of
  /// `[retention]` has none of the shared ones.
  func values(profile: String?) throws(SnapshotError) -> [Found] {
    guard let profile else { return shared }
    guard let chosen = own.first(where: { $0.name == profile })?.found else {
      let near = NearMiss.best(for: profile, among: profiles).map { "Did you mean \($0)? " } ?? ""
      throw SnapshotError(
        .usage, "\(path) has no profile \(profile)",
        hint: near
          + (profiles.isEmpty ? "It has no [profiles.NAME] at all." : "It has \(profiles.joined(separator: ", ")).")
      )
    }
    let hasPolicy = chosen.contains { $0.setting.table == "retention" }
    return shared.filter { !hasPolicy || $0.setting.table != "retention" } + chosen
  }
}
