import ObjectStorage
import SnapshotFormat
import SystemIO
import SystemPackage

/// What a repository is. Without its config nothing in it can be read, and nothing else says the same: so a copy lies with
/// the local cache.
extension Repository {
  /// A config as it is stored.
  struct StoredConfig {
    var number: Int
    var bytes: [UInt8]
    var config: RepositoryConfig

    /// Keeps a copy. Best effort: without one all works, until the config is lost.
    func keep(in cacheFolder: FilePath) {
      let copy = Self.copy(number, in: cacheFolder)
      guard !FileStatus.exists(copy) else { return }
      let partial = FilePath("\(copy.string)-\(hexadecimal(randomBytes(4)))")
      do throws(SystemError) {
        try Descriptor(opening: partial, .write, [.create, .exclusive]).write(bytes)
        try FileSystem.rename(partial, to: copy)
      } catch { try? FileSystem.removeFile(partial) }
    }

    static func copy(_ number: Int, in cacheFolder: FilePath) -> FilePath { cacheFolder.appending("config-\(number)") }
  }

  /// Whether there is a repository.
  /// - Throws: `damaged` where one has lost its config.
  package static func exists(at place: Place) throws(SnapshotError) -> Bool {
    if try newestConfig(at: place) != nil { return true }
    for folder in [ObjectNames.packs, ObjectNames.snapshots] where try !list(folder, at: place).isEmpty {
      throw lost(at: place, "\(place.name) holds a repository that has lost its config")
    }
    return false
  }

  static func readConfig(_ place: Place) throws(SnapshotError) -> StoredConfig {
    let number = try newestConfig(at: place) ?? 1
    let bytes = try storing("reading the config of \(place.name)") { () throws(StoreError) in
      try place.store.get("\(ObjectNames.config)/\(number)", limit: 1 << 20)
    }
    do throws(FormatError) {
      return StoredConfig(number: number, bytes: bytes, config: try RepositoryConfig(decoding: bytes))
    } catch {
      guard error.code != .unsupported else { throw SnapshotError(error, in: "the config of \(place.name)") }
      throw lost(at: place, "the config of the repository at \(place.name) is damaged", cause: error)
    }
  }

  /// Puts a config back that is damaged or gone: from the copy in the local cache, else with the one bit put right that has
  /// flipped.
  /// - Returns: Whether that had to be.
  /// - Throws: `damaged` where what it said can't be known.
  package static func mendConfig(at place: Place, isDryRun: Bool) throws(SnapshotError) -> Bool {
    let failure: SnapshotError
    do throws(SnapshotError) {
      if try exists(at: place) { _ = try readConfig(place) }
      return false
    } catch {
      guard error.code == .damaged else { throw error }
      failure = error
    }
    let number = try newestConfig(at: place) ?? 1
    let object = "\(ObjectNames.config)/\(number)"
    guard let right = try copy(of: number, at: place) ?? corrected(object, at: place) else { throw failure }
    if isDryRun { return true }
    let lock = try acquire(ObjectNames.repositoryLock, .exclusive, at: place)
    defer { _ = lock }
    try storing("writing the config anew") { () throws(StoreError) in try place.store.put(object, right) }
    return true
  }

  /// A copied repository has the same id, a rolled-back one even the same place: the cache is of an id at a place, and
  /// what it says of folders is compared with them at each opening.
  static func cacheFolder(for config: RepositoryConfig, at place: Place) -> FilePath {
    place.caches.appending(config.id + cacheSuffix(at: place))
  }

  private static func cacheSuffix(at place: Place) -> String {
    "-\(ChunkID(of: Array(place.store.location.utf8)).description.prefix(16))"
  }

  private static func lost(at place: Place, _ message: String, cause: (any Error)? = nil) -> SnapshotError {
    SnapshotError(
      .damaged, message,
      hint: "Nothing else is lost. Run `chromasnap repair` where its snapshots are taken: the cache there has a copy. "
        + "Or put \(ObjectNames.config)/1 back from a copy of the repository.", cause: cause)
  }

  private static func list(_ folder: String, at place: Place) throws(SnapshotError) -> [String] {
    try storing("looking for a repository at \(place.name)") { () throws(StoreError) in try place.store.list(folder) }
  }

  private static func newestConfig(at place: Place) throws(SnapshotError) -> Int? {
    try list(ObjectNames.config, at: place).compactMap { Int($0) }.max()
  }

  /// The copy in the cache of a repository at this place that knows what lies here: there may have been others.
  private static func copy(of number: Int, at place: Place) throws(SnapshotError) -> [UInt8]? {
    let suffix = cacheSuffix(at: place)
    for bytes in (try? DirectoryReader.names(in: place.caches)) ?? [] {
      let name = String(decoding: bytes, as: UTF8.self)
      guard name.hasSuffix(suffix) else { continue }
      let folder = place.caches.appending(name)
      let file = StoredConfig.copy(number, in: folder)
      guard let stored = try? Descriptor(opening: file).readAll(limit: 1 << 20),
        let config = try? RepositoryConfig(decoding: stored), name == config.id + suffix
      else { continue }
      if try knowsManifests(Catalogue(in: folder), at: place) { return stored }
    }
    return nil
  }

  /// Whether a catalogue knows any of the snapshots that are there, if any are.
  private static func knowsManifests(_ catalogue: Catalogue, at place: Place) throws(SnapshotError) -> Bool {
    var isEmpty = true
    for month in try list(ObjectNames.snapshots, at: place) {
      let folder = "\(ObjectNames.snapshots)/\(month)"
      let present = try list(folder, at: place)
      if !Set(try catalogue.names(in: folder, of: .snapshot)).isDisjoint(with: present) { return true }
      if !present.isEmpty { isEmpty = false }
    }
    return isEmpty
  }

  private static func corrected(_ object: String, at place: Place) -> [UInt8]? {
    guard let stored = try? place.store.get(object, limit: FlippedBit.bytesMaximum) else { return nil }
    return FlippedBit.corrected(stored) { (try? RepositoryConfig(decoding: $0)) != nil }
  }
}
