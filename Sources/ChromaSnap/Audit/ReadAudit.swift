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
    try Repository.requireExistence(at: location.place)
    var entries: [AuditEntry] = []
    if last == 0 { return [] }
    try AuditTrail(at: location.place).readBackwards { (entry) throws(SnapshotError) in
      if commands.isEmpty || commands.contains(entry.command) { entries.append(entry) }
      return entries.count < last ?? .max
    }
    return entries.reversed()
  }
}
