import SnapshotFormat
public import SnapshotRepository
public import SystemIO
public import SystemPackage

/// What is known of how good a snapshot is: damaged is also one that is hurt.
public enum SnapshotHealth: String, Sendable {
  case good, damaged, unchecked

  /// From what the last examination found, if there was one.
  init(_ verdict: Bool?) { self = verdict.map { $0 ? .good : .damaged } ?? .unchecked }
}

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

/// Lists snapshots, by the time of their data.
public struct ListSnapshots: Sendable {
  /// What there is.
  public struct Listing: Sendable {
    public var snapshots: [SnapshotInfo]
    /// A warning for each manifest that is there and can't be read: its snapshot is missing above.
    public var warnings: [SnapshotWarning]
  }

  /// Only of the source at this path.
  public var source: FilePath?
  /// Only those that have all of these.
  public var tags: [String] = []
  /// Only the newest.
  public var last: Int?

  public init() {}

  public func run(in location: RepositoryLocation) throws(SnapshotError) -> Listing {
    let repository = try location.open(for: .read)
    let isFiltered = source != nil || !tags.isEmpty
    var snapshots = try repository.catalogue.snapshots(newest: isFiltered ? nil : last, order: .byTime)
    if isFiltered {
      snapshots = snapshots.filter { snapshot in
        (source.map { snapshot.manifest.source.isAt($0) } ?? true)
          && tags.allSatisfy(snapshot.manifest.tags.contains)
      }
      if let last { snapshots = snapshots.suffix(last) }
    }
    let warnings = repository.unreadManifests.map { object in
      SnapshotWarning(
        .damaged, "\(object) can't be read, so its snapshot is not shown: `chromasnap check` says why")
    }
    return Listing(snapshots: try SnapshotInfo.gather(snapshots, in: repository), warnings: warnings)
  }
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
