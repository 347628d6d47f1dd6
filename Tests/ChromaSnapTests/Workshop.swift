import ChromaSnap
import ObjectStorage
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage
import Testing

/// A folder of a test's own, with a source, a repository and a cache in it.
final class Workshop {
  let folder: FilePath
  let source: FilePath
  var location: RepositoryLocation
  let repositoryFolder: FilePath

  init() throws {
    folder = FilePath("/tmp/chromasnap-test-\(UInt64.random(in: 0 ... .max))")
    source = folder.appending("source")
    repositoryFolder = folder.appending("repository")
    try FileSystem.makeFolders(source)
    location = RepositoryLocation(folder: repositoryFolder, caches: folder.appending("cache"), lockTimeout: 20)
  }

  deinit { try? FileSystem.removeTree(folder) }

  /// The same repository seen with another cache.
  func location(cache: String, lockTimeout: Double = 20) -> RepositoryLocation {
    RepositoryLocation(folder: repositoryFolder, caches: folder.appending(cache), lockTimeout: lockTimeout)
  }

  func write(_ name: String, _ bytes: [UInt8], old: Bool = true) throws {
    let path = source.appending(name)
    try FileSystem.makeFolders(path.removingLastComponent())
    let file = try Descriptor(opening: path, .write, [.create, .truncate])
    try file.write(bytes)
    // Long ago, so that stat data count. (The change time stays now: reads are repeated within two seconds.)
    if old { try FileSystem.setModified(Timestamp(seconds: 1_700_000_000), at: path) }
  }

  @discardableResult
  func snapshot(
    at time: Timestamp? = nil, in other: RepositoryLocation? = nil, source other2: FilePath? = nil
  ) throws -> Snapshot {
    var verb = TakeSnapshot(source: other2 ?? source)
    if let time { verb.now = { time } }
    return try #require(try verb.run(in: other ?? location).snapshot)
  }

  /// What a folder holds: the bytes of each file by its path.
  func contents(of folder: FilePath) throws -> [String: [UInt8]] {
    var found: [String: [UInt8]] = [:]
    func walk(_ path: FilePath, _ prefix: String) throws {
      for name in try DirectoryReader.names(in: path) {
        let below = path.appending(nameBytes: name)
        let key = prefix + String(decoding: name, as: UTF8.self)
        if try FileStatus(at: below, following: false).kind == .directory {
          try walk(below, key + "/")
        } else {
          found[key] = try Descriptor(opening: below).readAll(limit: 1 << 30)
        }
      }
    }
    try walk(folder, "")
    return found
  }

  /// What a snapshot restores.
  func restored(_ snapshot: Snapshot, in other: RepositoryLocation? = nil) throws -> [String: [UInt8]] {
    let target = folder.appending("restored-\(UInt64.random(in: 0 ... .max))")
    _ = try RestoreSnapshot(SnapshotSelector(snapshot.id.description), to: target).run(in: other ?? location)
    defer { try? FileSystem.removeTree(target) }
    return try contents(of: target)
  }

  func check(in other: RepositoryLocation? = nil) throws -> CheckRepository.Summary {
    var verb = CheckRepository()
    verb.reading = .all
    return try verb.run(in: other ?? location)
  }

  func prune(maxUnused: Double = 0) throws -> PruneRepository.Summary {
    var verb = PruneRepository()
    verb.maxUnused = maxUnused
    return try verb.run(in: location)
  }

  func forget(keepLast: Int) throws -> ForgetSnapshots.Result {
    var policy = KeepPolicy()
    policy.last = keepLast
    return try ForgetSnapshots(policy).run(in: location)
  }

  func forget(_ snapshot: Snapshot) throws {
    let repository = try location.open(for: .delete)
    try repository.forget([snapshot])
  }

  /// The files of the repository below a folder of it, by name.
  func objects(_ folder: String) throws -> [FilePath] {
    var found: [FilePath] = []
    func walk(_ path: FilePath) throws {
      for name in try DirectoryReader.names(in: path).sorted(by: nameOrder) {
        let below = path.appending(nameBytes: name)
        if try FileStatus(at: below).kind == .directory { try walk(below) } else { found.append(below) }
      }
    }
    let start = repositoryFolder.appending(folder)
    if FileStatus.exists(start) { try walk(start) }
    return found
  }

  /// Changes one byte of a file.
  func damage(_ path: FilePath, at offset: UInt64) throws {
    let file = try Descriptor(opening: path, .readWrite)
    let byte = [UInt8](try file.readAll(limit: 1 << 30)[Int(offset)...Int(offset)])
    try unsafe [byte[0] ^ 0x10].withUnsafeBytes { try unsafe file.write($0, at: offset) }
  }
}
