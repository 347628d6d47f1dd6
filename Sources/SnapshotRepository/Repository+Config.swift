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
      let partial = copy.appending(suffix: "-\(hexadecimal(randomBytes(4)))")
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

  /// - Throws: `no_repository` where there is none.
  package static func requireExistence(at place: Place) throws(SnapshotError) {
    guard try exists(at: place) else {
      throw SnapshotError(
        .noRepository, "there is no repository at \(place.name)",
        hint: "Name one with --repo, or make one with `chromasnap init`.")
    }
  }

  static func readConfig(_ place: Place) throws(SnapshotError) -> StoredConfig {
    let number = try newestConfig(at: place) ?? 1
    let bytes = try storing("reading the config of \(place.name)") { () throws(StoreError) in
      try place.store.get("\(ObjectNames.config)/\(number)", limit: Limits.configBytes)
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
    guard let failure = try loss(at: place) else { return false }
    let number = try newestConfig(at: place) ?? 1
    let object = "\(ObjectNames.config)/\(number)"
    guard let right = copy(of: number, at: place) ?? corrected(object, at: place) else { throw failure }
    if !isDryRun { try put(right, as: object, at: place) }
    return true
  }

  /// Gives a repository a new config that has lost its own and of which no copy is left. What is in it stays; files that are
  /// cut where their content says so will be cut elsewhere, and stored once more.
  ///
  /// A config says little: which features there are, and so far there are none. So it can be known what the lost one said, as
  /// long as nobody has written there who knows more.
  /// - Parameter knows: Whether a program of this name and version knows no more features than this one.
  /// - Returns: Whether that had to be.
  package static func replaceConfig(
    at place: Place, where knows: (String) -> Bool
  ) throws(SnapshotError) -> Bool {
    guard let failure = try loss(at: place) else { return false }
    let programs = try programs(at: place)
    let known = programs.compactMap(\.self)
    guard programs.isEmpty || !known.isEmpty, known.allSatisfy(knows) else {
      throw SnapshotError(
        .unsupported, "\(failure.message), and a program that knows more than this one may have written there",
        hint: "Put \(ObjectNames.config)/1 back from a copy of the repository, or use a newer chromasnap. "
          + "Where there is neither, make another repository with --repo.")
    }
    try put(newConfig().encoded, as: "\(ObjectNames.config)/\(try newestConfig(at: place) ?? 1)", at: place)
    return true
  }

  /// The program that wrote each manifest; `nil` where that can't be read.
  private static func programs(at place: Place) throws(SnapshotError) -> [String?] {
    var programs: [String?] = []
    for object in try documents(in: ObjectNames.snapshots, of: place.store) {
      let document = (try? readDocument(object, in: place.store))?.1
      let manifest = document.flatMap { try? Document.decode(Manifest.self, from: $0, called: object) }
      programs.append(manifest?.program)
    }
    return programs
  }

  static func newConfig() -> RepositoryConfig {
    RepositoryConfig(
      id: hexadecimal(randomBytes(16)), created: .now,
      chunking: ChunkingParameters(gearSeed: hexadecimal(randomBytes(16))))
  }

  private static func put(_ config: [UInt8], as object: String, at place: Place) throws(SnapshotError) {
    let lock = try acquire(ObjectNames.repositoryLock, .exclusive, at: place)
    defer { _ = lock }
    try storing("writing the config anew") { () throws(StoreError) in try place.store.put(object, config) }
  }

  /// What is wrong with the config of a repository that is there.
  private static func loss(at place: Place) throws(SnapshotError) -> SnapshotError? {
    do throws(SnapshotError) {
      if try exists(at: place) { _ = try readConfig(place) }
      return nil
    } catch {
      guard error.code == .damaged else { throw error }
      return error
    }
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
        + "Or put \(ObjectNames.config)/1 back from a copy of the repository. Where there is no copy anywhere, "
        + "`chromasnap init` makes a new config, and the snapshots stay.", cause: cause)
  }

  private static func list(_ folder: String, at place: Place) throws(SnapshotError) -> [String] {
    try storing("looking for a repository at \(place.name)") { () throws(StoreError) in try place.store.list(folder) }
  }

  private static func newestConfig(at place: Place) throws(SnapshotError) -> Int? {
    try list(ObjectNames.config, at: place).compactMap { Int($0) }.max()
  }

  /// The copy in the cache of a repository at this place that knows what lies here: there may have been others.
  private static func copy(of number: Int, at place: Place) -> [UInt8]? {
    let suffix = cacheSuffix(at: place)
    for bytes in (try? DirectoryReader.names(in: place.caches)) ?? [] {
      let name = String(decoding: bytes, as: UTF8.self)
      guard name.hasSuffix(suffix) else { continue }
      let folder = place.caches.appending(name)
      let file = StoredConfig.copy(number, in: folder)
      guard let stored = try? Descriptor(opening: file).readAll(limit: Limits.configBytes),
        let config = try? RepositoryConfig(decoding: stored), name == config.id + suffix
      else { continue }
      // Another one may know them, where this cache can't be opened.
      if (try? knowsManifests(Catalogue(in: folder), at: place)) == true { return stored }
    }
    return nil
  }

  /// Whether a catalogue knows any of the snapshots that are there, if any are.
  private static func knowsManifests(_ catalogue: Catalogue, at place: Place) throws(SnapshotError) -> Bool {
    let present = try documents(in: ObjectNames.snapshots, of: place.store)
    for object in present where try catalogue.document(object) != nil { return true }
    return present.isEmpty
  }

  private static func corrected(_ object: String, at place: Place) -> [UInt8]? {
    guard let stored = try? place.store.get(object, limit: FlippedBit.bytesMaximum) else { return nil }
    return FlippedBit.corrected(stored) { (try? RepositoryConfig(decoding: $0)) != nil }
  }
}
