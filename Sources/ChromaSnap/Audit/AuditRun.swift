public import SnapshotFormat
public import SnapshotRepository
import SystemIO

/// Writes into a repository's audit trail that somebody ran a command.
public struct AuditRun: Sendable {
  public var entry: AuditEntry

  public init(_ entry: AuditEntry) { self.entry = entry }

  /// - Returns: Whether it was written; false where there is no repository.
  public func run(in location: RepositoryLocation) throws(SnapshotError) -> Bool {
    guard try location.exists() else { return false }
    try AuditTrail(at: location.place).append(entry)
    return true
  }

  /// The arguments of a command line as they may be kept: without what may be secret, and of bounded length.
  ///
  /// Left out are the values of `--notify`, and in any URL the user's name and password.
  public static func withoutSecrets(_ arguments: [String]) -> [String] {
    var kept: [String] = []
    var hidesNext = false
    for argument in arguments.prefix(64) {
      if hidesNext {
        kept.append("***")
        hidesNext = false
      } else if argument.hasPrefix("--notify=") {
        kept.append("--notify=***")
      } else {
        hidesNext = argument == "--notify"
        kept.append(String(withoutCredentials(argument).prefix(1024)))
      }
    }
    if arguments.count > kept.count { kept.append("... and \(arguments.count - kept.count) more") }
    return kept
  }

  /// `scheme://user:password@host/` without user and password.
  private static func withoutCredentials(_ text: String) -> String {
    let scheme = Array("://".utf8)
    let bytes = Array(text.utf8)
    guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: scheme) }) else { return text }
    let host = bytes[(start + 3)...].prefix { $0 != UInt8(ascii: "/") }
    guard let at = host.lastIndex(of: UInt8(ascii: "@")) else { return text }
    return String(decoding: bytes[..<(start + 3)] + Array("***".utf8) + bytes[at...], as: UTF8.self)
  }
}
