import SnapshotFormat
public import SnapshotRepository

/// Protects a snapshot from every policy, or no longer.
public struct PinSnapshot: Sendable {
  public var selector: SnapshotSelector
  public var isPinned: Bool

  public init(_ selector: SnapshotSelector, isPinned: Bool) {
    self.selector = selector
    self.isPinned = isPinned
  }

  /// - Returns: The snapshot, and whether this changed anything.
  public func run(in location: RepositoryLocation) throws(SnapshotError) -> (snapshot: Snapshot, changed: Bool) {
    let lock = try Repository.lockForgetting(at: location.place)
    defer { _ = lock }
    let repository = try location.open(for: .write)
    let snapshot = try selector.find(in: repository)
    guard try repository.pinned().contains(snapshot.id) != isPinned else { return (snapshot, false) }
    try repository.note(.pin, about: snapshot.id, value: isPinned)
    return (snapshot, true)
  }
}
