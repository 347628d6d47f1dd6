import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

/// A directory that a restore would replace: what must not be replaced, or can't be.
struct RestoreTarget {
  /// Without symbolic links, as far as it exists.
  private let target: FilePath
  /// The repository's folder, in the same way; `nil` for a store that has none.
  private let repository: FilePath?

  init(_ target: FilePath, repository: FilePath?) throws(SnapshotError) {
    do throws(SystemError) { _ = try FileStatus(at: target) } catch {
      guard error.errno == .noSuchFileOrDirectory else { throw SnapshotError(error, while: "looking at \(target)") }
      if FileStatus.exists(target) {
        throw SnapshotError(
          .targetExists, "\(target) is a symbolic link that leads nowhere",
          hint: "Remove it, or make the directory that it names.")
      }
    }
    (self.target, self.repository) = try calling("looking at \(target)") { () throws(SystemError) in
      (
        try SwapPlace.resolve(target),
        try repository.map { folder throws(SystemError) in try SwapPlace.resolve(folder) }
      )
    }
  }

  /// Where the swap will take place.
  /// - Throws: `usage` where the target is the root, a repository or in one, or holds the repository deep inside;
  ///   `target_exists` where the snapshot holds what is called as a repository there, or something is mounted there.
  func place(for plan: RestorePlan) throws(SnapshotError) -> SwapPlace {
    if target == "/" { throw refusal("/ is no directory to restore into") }
    if SwapPlace.isRepository(target) { throw refusal("\(target) is a repository: nothing is restored over it") }
    if let repository {
      if repository == target || target.starts(with: repository) {
        throw refusal("\(target) is the repository \(repository), or in it: nothing is restored over it")
      }
      if repository.starts(with: target), repository.removingLastComponent() != target {
        throw refusal(
          "the repository \(repository) lies deep in \(target), and would be taken away with what is replaced",
          "Move the repository elsewhere, or restore into another directory with --to.")
      }
    }
    let isDirectory = (try? FileStatus(at: target).kind) == .directory
    let arriving = Set(plan.entries.compactMap(\.names.first))
    let (place, found) = try calling("looking at \(target)") { () throws(SystemError) in
      // What is not there has no entries to exchange, and what is no directory will be refused.
      let place = try SwapPlace(target: target, way: isDirectory ? nil : .folder)
      return (place, place.way == .entries ? try obstacle(to: arriving) : nil)
    }
    if let found { throw found }
    try Self.refuseMounts(at: place)
    return place
  }

  /// What is mounted somewhere in the target goes along when a folder on the way to it is renamed, and would be deleted as
  /// what was kept once was.
  /// - Throws: `target_exists` where something is.
  static func refuseMounts(at place: SwapPlace) throws(SnapshotError) {
    let points = try calling("looking at \(place.target)") { () throws(SystemError) in
      try MountPoints.below(place.target)
    }
    let depth = place.target.components.count
    let moved = points.first { !place.stays(Array($0.bytes.split(separator: UInt8(ascii: "/"))[depth])) }
    if let moved { throw mounted(moved) }
  }

  private static func mounted(_ path: FilePath) -> SnapshotError {
    SnapshotError(
      .targetExists, "something is mounted at \(path), which can't be moved aside",
      hint: "Unmount it. A restore can also go into another directory with --to.")
  }

  /// What of the target's entries can't make way for those that arrive.
  private func obstacle(to arriving: Set<[UInt8]>) throws(SystemError) -> SnapshotError? {
    let device = try FileStatus(at: target).device
    for name in try DirectoryReader.names(in: target) where !StagingNames.isOurs(name) {
      let path = target.appending(nameBytes: name)
      if SwapPlace.isRepository(path) {
        if arriving.contains(name) {
          return SnapshotError(
            .targetExists, "\(path) is a repository, and the snapshot holds something else of that name",
            hint: "Restore into another directory with --to, or leave it out with --exclude.")
        }
      } else if try FileStatus(at: path, following: false).device != device {
        return Self.mounted(path)
      }
    }
    return nil
  }

  private func refusal(
    _ message: String, _ hint: String = "Choose another directory with --to."
  ) -> SnapshotError { SnapshotError(.usage, message, hint: hint) }
}
