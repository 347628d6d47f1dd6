import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

/// A folder for what a run needs while it lasts. It goes with it; what a run that was killed has left goes with the next.
final class ScratchFolder: Sendable {
  let path: FilePath
  /// Whether it stays.
  private let keeps: Bool
  /// Tells it from one that was abandoned.
  private let lock: FileLock?

  /// Seconds after which a folder that nobody has locked was abandoned: one that is being made is locked at once.
  static let graceSeconds = 60.0

  /// Makes it.
  /// - Parameters:
  ///   - kind: What its name begins with.
  ///   - keeps: Whether it stays.
  init(_ kind: String, in folder: FilePath, keeps: Bool = false) throws(SystemError) {
    path = folder.appending("\(kind)-\(hexadecimal(randomBytes(8)))")
    self.keeps = keeps
    Self.removeAbandoned("\(kind)-", in: folder, unlessYoungerThan: Self.graceSeconds)
    try FileSystem.makeFolders(path)
    lock = try? FileLock.attempt(folder: path)
  }

  deinit { if !keeps { try? FileSystem.removeTree(path) } }

  /// Removes folders whose names begin so and which nobody holds a lock on: those who made them were killed.
  static func removeAbandoned(_ prefix: String, in folder: FilePath, unlessYoungerThan seconds: Double) {
    for found in abandoned(prefix, in: folder, unlessYoungerThan: seconds) { found.remove() }
  }

  /// A folder that whoever made it has left. It is locked: nobody else removes it meanwhile.
  final class Abandoned {
    private let path: FilePath
    private let lock: FileLock

    fileprivate init(_ path: FilePath, _ lock: consuming FileLock) {
      self.path = path
      self.lock = lock
    }

    func remove() { try? FileSystem.removeTree(path) }
  }

  static func abandoned(
    _ prefix: String, in folder: FilePath, unlessYoungerThan seconds: Double = 0
  ) -> [Abandoned] {
    var found: [Abandoned] = []
    for name in (try? DirectoryReader.names(in: folder)) ?? [] where name.starts(with: Array(prefix.utf8)) {
      let path = folder.appending(nameBytes: name)
      guard let status = try? FileStatus(at: path, following: false), status.kind == .directory,
        seconds == 0 || Timestamp.now.seconds(since: status.modified) > seconds,
        let lock = try? FileLock.attempt(folder: path)
      else { continue }
      found.append(Abandoned(path, lock))
    }
    return found
  }
}
