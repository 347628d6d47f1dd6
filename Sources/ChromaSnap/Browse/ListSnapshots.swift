import SnapshotFormat
public import SnapshotRepository
public import SystemPackage

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

  /// - Throws: `no_repository`, `locked`. Manifests that can't be read are warnings.
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
