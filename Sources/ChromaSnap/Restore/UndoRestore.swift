import ChromaDB
public import SnapshotRepository
import SystemIO
public import SystemPackage

/// Takes back the last restore into a directory: what it replaced comes back, and what it restored is kept in turn.
public struct UndoRestore: Sendable {
  public var target: FilePath

  public init(_ target: FilePath) { self.target = target }

  /// The folder that an undo would bring back; `nil` where there is none.
  public var available: FilePath? { place?.kept }

  /// Where the last restore has kept what it replaced.
  private var place: SwapPlace? {
    for way in [SwapPlace.Way.folder, .entries] {
      if let place = try? SwapPlace(target: target, way: way), FileStatus.exists(place.kept) { return place }
    }
    return nil
  }

  /// Whether a process that has the directory open is no obstacle.
  public var ignoresUse = false

  /// - Throws: `path_not_found` where nothing was kept; `target_busy` where a process has the directory open;
  ///   `target_exists` where something is mounted in it.
  public func run() throws(SnapshotError) {
    try TargetSwap.replay(target)
    guard let place else {
      throw SnapshotError(
        .pathNotFound, "there is nothing to undo at \(target)",
        hint: "Only what the last restore into a directory replaced is kept.")
    }
    if !ignoresUse, (try? FileStatus(at: target).kind) == .directory { try DirectoryUse.refuse(target) }
    try RestoreTarget.refuseMounts(at: place)
    try calling("undoing the restore of \(target)") { () throws(SystemError) in
      _ = try TargetSwap.perform(staged: nil, at: place)
    }
  }
}
