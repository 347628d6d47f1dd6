import ChromaSnap
import SystemPackage

/// What runs when, for whom: from it follow the texts that cron, systemd, launchd and Windows read.
struct Schedule: Sendable {
  enum Kind: String, CaseIterable, Sendable { case cron, systemd, launchd, windows }

  /// Part of the names of units and tasks: letters, digits, - and _.
  var name: String
  var recurrence: Recurrence
  /// Seconds by which a run may be late at random, so that not all machines start at once.
  var delay: Int
  /// The program, from the root, and its arguments.
  var command: [String]
  /// What a run writes to: the repository, the cache, the source (it is locked), the folders of logs and metrics.
  var writable: [FilePath]
  var source: FilePath
  /// Whether it belongs to the machine rather than to a user.
  var isSystem: Bool
  /// The user's home folder.
  var home: FilePath

  /// `chromasnap-nightly`: the name of its units.
  var unit: String { Self.unit(name) }

  static func unit(_ name: String) -> String { "\(Program.name)-\(name)" }

  /// `chromasnap.nightly`: what launchd calls it.
  var label: String { Self.label(name) }

  static func label(_ name: String) -> String { "\(Program.name).\(name)" }

  /// What can't be written in any of the texts; `nil` where all can.
  static func problem(in argument: String, kind: Kind) -> String? {
    if argument.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
      return "holds a line end or another control character"
    }
    if Arguments.carriesBytes(argument) { return "is not UTF-8" }
    // Cron programs differ in what a backslash before another one becomes.
    guard kind == .cron, argument.unicodeScalars.contains("\\") else { return nil }
    return "holds a backslash, which cron programs read differently"
  }
}
