public import SnapshotFormat
public import SnapshotRepository

/// Reads a repository's audit trail: who ran what, and how it ended.
public struct ReadAudit: Sendable {
  /// At most this many, the newest; `nil`: all.
  public var last: Int?
  /// Only runs of these commands, where there are any.
  public var commands: Set<String> = []

  public init() {}

  /// - Returns: The entries, oldest first.
  public func run(in location: RepositoryLocation) throws(SnapshotError) -> [AuditEntry] {
    guard try location.exists() else {
      throw SnapshotError(
        .noRepository, "there is no repository at \(location.place.name)",
        hint: "Name one with --repo, or make one with `chromasnap init`.")
    }
    var entries: [AuditEntry] = []
    if last == 0 { return [] }
    try AuditTrail(at: location.place).readBackwards { (entry) throws(SnapshotError) in
      if commands.isEmpty || commands.contains(entry.command) { entries.append(entry) }
      return entries.count < last ?? .max
    }
    return entries.reversed()
  }
}
