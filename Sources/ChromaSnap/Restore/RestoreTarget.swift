import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

/// A directory that a restore or an undo would replace: what must not be replaced, or can't be.
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
  /// - Parameters:
  ///   - way: `nil` for the one that the target is fit for.
  ///   - isTried: Whether what can't be told otherwise is tried out, which writes.
  /// - Throws: `usage` where the target is the root, a repository or in one, or holds the repository deep inside.
  func place(_ way: SwapPlace.Way? = nil, isTried: Bool = true) throws(SnapshotError) -> SwapPlace {
    if target == "/" { throw refusal("/ is no directory to restore into") }
    if SwapPlace.isRepository(target) { throw refusal("\(target) is a repository: nothing is restored over it") }
    try refuseRepository()
    // What is not there has no entries to exchange, and what is no directory will be refused.
    let isDirectory = (try? FileStatus(at: target).kind) == .directory
    return try calling("looking at \(target)") { () throws(SystemError) in
      try SwapPlace(target: target, way: isDirectory ? way : .folder, repository: repository, isTried: isTried)
    }
  }

  /// A path may lead to the repository in several ways, so folders are compared, not names.
  private func refuseRepository() throws(SnapshotError) {
    guard let repository, let status = try? FileStatus(at: repository) else { return }
    let identity = FileIdentity(status)
    if FileIdentity.upwards(from: target).contains(identity) {
      throw refusal("\(target) is the repository \(repository), or in it: nothing is restored over it")
    }
    let above = FileIdentity.upwards(from: repository).dropFirst(2)
    if let status = try? FileStatus(at: target), above.contains(FileIdentity(status)) {
      throw refusal(
        "the repository \(repository) lies deep in \(target), and would be taken away with what is replaced",
        "Move the repository elsewhere, or restore into another directory with --to.")
    }
  }

  /// Whether what the target holds can make way for what arrives.
  /// - Parameter arriving: The names of that.
  /// - Throws: `target_exists` where a repository there has such a name, or something is mounted there.
  func check(_ place: SwapPlace, arriving: Set<[UInt8]>) throws(SnapshotError) {
    if place.way == .entries {
      let found = try calling("looking at \(target)") { () throws(SystemError) in
        try obstacle(to: arriving, at: place)
      }
      if let found { throw found }
    }
    try refuseMounts(at: place)
  }

  /// What is mounted somewhere in the target goes along when a folder on the way to it is renamed, and would be deleted as
  /// what was kept once was.
  private func refuseMounts(at place: SwapPlace) throws(SnapshotError) {
    let points = try calling("looking at \(target)") { () throws(SystemError) in try MountPoints.below(target) }
    let depth = target.components.count
    let moved = points.first { !place.stays(Array($0.bytes.split(separator: UInt8(ascii: "/"))[depth])) }
    if let moved { throw Self.mounted(moved) }
  }

  private static func mounted(_ path: FilePath) -> SnapshotError {
    SnapshotError(
      .targetExists, "something is mounted at \(path), which can't be moved aside",
      hint: "Unmount it. A restore can also go into another directory with --to.")
  }

  /// What of the target's entries can't make way for those that arrive.
  private func obstacle(to arriving: Set<[UInt8]>, at place: SwapPlace) throws(SystemError) -> SnapshotError? {
    let device = try FileStatus(at: target).device
    for name in try DirectoryReader.names(in: target) where !StagingNames.isOurs(name) {
      let path = target.appending(nameBytes: name)
      if place.isRepository(path) {
        if arriving.contains(name) {
          return SnapshotError(
            .targetExists, "\(path) is a repository, and something else of that name would be put there",
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
