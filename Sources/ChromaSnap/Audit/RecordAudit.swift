public import SnapshotFormat
public import SnapshotRepository
import SystemIO

/// Writes into a repository's audit trail that somebody ran a command.
public struct RecordAudit: Sendable {
  public var entry: AuditEntry

  public init(_ entry: AuditEntry) { self.entry = entry }

  /// - Returns: Whether it was written; false where there is no repository.
  public func run(in location: RepositoryLocation) throws(SnapshotError) -> Bool {
    guard try location.exists() else { return false }
    try AuditTrail(at: location.place).append(entry)
    return true
  }
}
