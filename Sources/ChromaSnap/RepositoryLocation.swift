import ObjectStorage
package import SnapshotFormat
public import SnapshotRepository
import SystemIO
public import SystemPackage

/// Where a repository is, and how it is used from here.
public struct RepositoryLocation: Sendable {
  package let place: Repository.Place
  /// The repository's folder; `nil` for a store that has none.
  package let folder: FilePath?

  /// A repository in a folder.
  /// - Parameters:
  ///   - folder: The repository.
  ///   - caches: The folder for what can be rebuilt at any time.
  ///   - lockTimeout: Seconds to wait for another process; 0 fails at once.
  ///   - isCancelled: Asked while waiting: whether to give up.
  public init(
    folder: FilePath, caches: FilePath, lockTimeout: Double = 60,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.folder = folder
    place = Repository.Place(
      store: LocalStore(folder), name: folder.string, caches: caches, lockTimeout: lockTimeout,
      isCancelled: isCancelled)
  }

  /// A repository in any store.
  package init(place: Repository.Place) {
    folder = nil
    self.place = place
  }

  /// Whether there is a repository.
  public func exists() throws(SnapshotError) -> Bool { try Repository.exists(at: place) }

  /// Makes a new, empty repository.
  /// - Throws: `repository_exists` where there is one; `target_exists` where the folder holds anything but ZIP files and
  ///   folders whose names end with a date and time: old backups may lie there, and are never touched.
  public func create() throws(SnapshotError) {
    if let folder { try prepare(folder) }
    try Repository.create(at: place)
  }

  /// Gives the repository a config again that has lost it, where it has: the old one, where a copy of it is left, else a new
  /// one.
  /// - Returns: Whether it had to be.
  /// - Throws: `unsupported` where a newer program has written there, and what the old one said can't be known.
  public func recreate() throws(SnapshotError) -> Bool {
    do throws(SnapshotError) { return try Repository.mendConfig(at: place, isDryRun: false) } catch {
      guard error.code == .damaged else { throw error }
      return try Repository.replaceConfig(at: place, where: Program.isNoNewer)
    }
  }

  /// Makes one where there is none, or somebody else does at the same time.
  /// - Returns: Whether it is new.
  func createWhereMissing() throws(SnapshotError) -> Bool {
    guard try !exists() else { return false }
    do throws(SnapshotError) { try create() } catch {
      guard error.code == .repositoryExists else { throw error }
      return false
    }
    return true
  }

  private func prepare(_ folder: FilePath) throws(SnapshotError) {
    if let status = try? FileStatus(at: folder), status.kind != .directory {
      throw SnapshotError(
        .targetExists, "\(folder) is a file, so no repository is made there", hint: "Choose a folder with --repo.")
    }
    let made = try calling("making the repository") { () throws(SystemError) in try FileSystem.makeFolders(folder) }
    guard made.isEmpty else { return }
    let names = try calling("looking at \(folder)") { () throws(SystemError) in
      try DirectoryReader.names(in: folder).map { String(decoding: $0, as: UTF8.self) }
    }
    // What an interrupted init left may stay.
    let ours: Set<String> = ["locks", "tmp", "config"]
    if try exists() { return }
    if let other = names.sorted().first(where: { !BackupName.mayBeBackup($0) && !ours.contains($0) }) {
      throw SnapshotError(
        .targetExists, "\(folder) holds other things already (\(other)), so no repository is made there",
        hint: "Choose an empty or a new folder with --repo.")
    }
    try calling("making \(folder) private") { () throws(SystemError) in
      try FileSystem.setPermissions(0o700, at: folder)
    }
  }

  package func open(
    for use: RepositoryConfig.Use, exclusively: Bool = false
  ) throws(SnapshotError) -> Repository {
    try Repository.open(at: place, for: use, lock: exclusively ? .exclusive : .shared)
  }
}
