import ChromaDB
public import SnapshotRepository
import SystemIO
public import SystemPackage

/// Takes back the last restore into a directory: what it replaced comes back, and what it restored is kept in turn.
public struct UndoRestore: Sendable {
  public var target: FilePath
  /// The repository that is used. It stays where it is, as does any that is told by what is in it.
  public var repository: RepositoryLocation?
  /// Whether a process that has the directory open is no obstacle.
  public var ignoresUse = false

  public init(_ target: FilePath) { self.target = target }

  /// The folder that an undo would bring back; `nil` where there is none.
  public var available: FilePath? {
    guard let kept = try? place(checks()).kept, FileStatus.exists(kept) else { return nil }
    return kept
  }

  /// - Throws: `path_not_found` where nothing was kept; `target_busy` where a process has the directory open;
  ///   `target_exists` where something is mounted in it, or what was kept can't be exchanged with it any more.
  public func run() throws(SnapshotError) {
    try TargetSwap.replay(target)
    let checks = try checks()
    let place = try place(checks)
    guard FileStatus.exists(place.kept) else { throw try nothing() }
    if !ignoresUse, (try? FileStatus(at: target).kind) == .directory { try DirectoryUse.refuse(target) }
    let arriving = try calling("looking at \(place.kept)") { () throws(SystemError) in
      try DirectoryReader.names(in: place.kept)
    }
    try checks.check(place, arriving: Set(arriving))
    try calling("undoing the restore of \(target)") { () throws(SystemError) in
      _ = try TargetSwap.perform(staged: nil, at: place)
    }
  }

  private func checks() throws(SnapshotError) -> RestoreTarget {
    try RestoreTarget(target, repository: repository?.folder)
  }

  /// Where a restore into the target as it is now would take place; else among its entries, which can always be exchanged.
  private func place(_ checks: RestoreTarget) throws(SnapshotError) -> SwapPlace {
    let place = try checks.place()
    return FileStatus.exists(place.kept) ? place : try checks.place(.entries)
  }

  private func nothing() throws(SnapshotError) -> SnapshotError {
    let folder = try calling("looking at \(target)") { () throws(SystemError) in
      try SwapPlace(target: target, way: .folder).kept
    }
    guard FileStatus.exists(folder) else {
      return SnapshotError(
        .pathNotFound, "there is nothing to undo at \(target)",
        hint: "Only what the last restore into a directory replaced is kept.")
    }
    return SnapshotError(
      .targetExists,
      "\(target) has become a mount point since the last restore, or holds a repository: it can't be exchanged with "
        + "\(folder), which holds what was there before",
      hint: "Unmount it, or move the repository elsewhere, and undo again; or copy from there what you need.")
  }
}
