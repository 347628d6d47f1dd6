import SnapshotFormat
public import SnapshotRepository
public import SystemIO

/// A snapshot with what the repository's notes say about it.
public struct SnapshotInfo: Sendable {
  public var snapshot: Snapshot
  public var isPinned: Bool
  /// Whether a check found that not all of it can be restored.
  public var isHurt: Bool
  public var health: SnapshotHealth
  /// The last drill of it: when, whether it went well, and how many seconds it took, where that was noted.
  public var drill: (time: Timestamp, ok: Bool, seconds: Double?)?
}

extension SnapshotInfo {
  static func gather(_ snapshots: [Snapshot], in repository: Repository) throws(SnapshotError) -> [SnapshotInfo] {
    let pinned = try repository.pinned()
    let hurt = try repository.catalogue.verdicts(.hurt, about: snapshots.map(\.id))
    let verdicts = try repository.catalogue.verdicts(.health, about: snapshots.map(\.id))
    // Drills are few: only they are asked for one by one.
    let drilled = try repository.catalogue.verdicts(.drill, about: snapshots.map(\.id))
    return try snapshots.map { (snapshot) throws(SnapshotError) in
      let drill =
        drilled[snapshot.id] == nil ? nil : try repository.catalogue.notes(.drill, about: snapshot.id).last?.note
      let isHurt = hurt[snapshot.id] == true
      return SnapshotInfo(
        snapshot: snapshot, isPinned: pinned.contains(snapshot.id), isHurt: isHurt,
        health: isHurt ? .damaged : SnapshotHealth(verdicts[snapshot.id]),
        drill: drill.map { ($0.time, $0.value == true, $0.seconds) })
    }
  }

  /// The one that a selector means.
  public static func find(
    _ selector: SnapshotSelector, in location: RepositoryLocation
  ) throws(SnapshotError) -> SnapshotInfo {
    let repository = try location.open(for: .read)
    return try gather([selector.find(in: repository)], in: repository)[0]
  }
}
