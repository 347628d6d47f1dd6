package import ObjectStorage
public import SnapshotFormat
import Synchronization
package import SystemIO
package import SystemPackage

/// A place that holds snapshots: an object store with a config, and the local catalogue of what is in it.
///
/// Opening brings the catalogue in step with the store, so that from then on, and for as long as the repository's lock
/// is held, the catalogue says exactly which packs, manifests and notes are there.
public final class Repository: Sendable {
  package let store: any ObjectStore
  package let catalogue: Catalogue
  public let config: RepositoryConfig
  /// For messages.
  public let name: String
  /// The folder of what is kept locally about this repository at this place.
  package let cacheFolder: FilePath
  private let lock: Mutex<(any StoreLock)?>
  /// Seconds to wait for whoever holds a lock.
  package let lockTimeout: Double
  /// Manifests and notes that are there and could not be read when the catalogue was brought in step.
  let unread = Mutex<Set<String>>([])
  /// Manifests that lie under their own names too.
  let secondCopies = Mutex<Set<String>>([])
  /// The folders of manifests as they were before the catalogue was last brought in step with them.
  let manifestFolders = Mutex<[String: FolderStamp]>([:])

  package init(
    store: any ObjectStore, catalogue: Catalogue, config: RepositoryConfig, name: String, cacheFolder: FilePath,
    lock: (any StoreLock)?, lockTimeout: Double
  ) {
    self.lockTimeout = lockTimeout
    self.cacheFolder = cacheFolder
    self.store = store
    self.catalogue = catalogue
    self.config = config
    self.name = name
    self.lock = Mutex(lock)
  }

  /// Where a repository's objects and its cache lie.
  package struct Place: Sendable {
    package var store: any ObjectStore
    package var name: String
    /// The folder for the caches of all repositories.
    package var caches: FilePath
    /// Seconds to wait for a lock.
    package var lockTimeout: Double
    /// Whether the waiting is to end.
    package var isCancelled: @Sendable () -> Bool

    package init(
      store: any ObjectStore, name: String, caches: FilePath, lockTimeout: Double,
      isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
      self.isCancelled = isCancelled
      self.store = store
      self.name = name
      self.caches = caches
      self.lockTimeout = lockTimeout
    }
  }

  // MARK: Opening

  /// Makes a new, empty repository.
  package static func create(at place: Place) throws(SnapshotError) {
    // Of two who make one at once, the second waits until there is one.
    let isThere: @Sendable () -> Bool = { (try? exists(at: place)) ?? false }
    let lock =
      isThere()
      ? nil
      : try storing("making a repository at \(place.name)") { () throws(StoreError) in
        try place.store.lock(ObjectNames.repositoryLock, .exclusive, timeout: place.lockTimeout) {
          place.isCancelled() || isThere()
        }
      }
    defer { _ = lock }
    guard try !exists(at: place) else {
      throw SnapshotError(.repositoryExists, "there is a repository at \(place.name) already")
    }
    guard lock != nil else { throw notLocked(place) }
    let config = newConfig()
    try storing("making a repository at \(place.name)") { () throws(StoreError) in
      // The locks' files are there before the config, so that whoever finds a repository can lock it.
      try place.store.put(ObjectNames.pruneLock, [])
      try place.store.put("\(ObjectNames.config)/1", config.encoded)
    }
  }

  /// Opens a repository, holds its lock shared until it goes, and brings the catalogue in step.
  package static func open(
    at place: Place, for use: RepositoryConfig.Use, lock mode: FileLock.Mode = .shared
  ) throws(SnapshotError) -> Repository {
    try requireExistence(at: place)
    let lock = try acquire(ObjectNames.repositoryLock, mode, at: place)
    let stored = try readConfig(place)
    try decoding("the repository at \(place.name)") { () throws(FormatError) in try stored.config.require(use) }
    let cacheFolder = cacheFolder(for: stored.config, at: place)
    let catalogue = try Catalogue(in: cacheFolder)
    stored.keep(in: cacheFolder)
    let repository = Repository(
      store: place.store, catalogue: catalogue, config: stored.config, name: place.name, cacheFolder: cacheFolder,
      lock: lock, lockTimeout: place.lockTimeout)
    try repository.synchronize()
    return repository
  }

  /// Takes a lock before the repository is opened: what is seen from then on is what nobody else is changing. Where there is no
  /// repository, nothing is made for it.
  package static func acquireBeforeOpening(
    _ lock: String, at place: Place
  ) throws(SnapshotError) -> any StoreLock {
    try requireExistence(at: place)
    return try acquire(lock, .exclusive, at: place)
  }

  /// Keeps others from forgetting and pinning.
  /// - Returns: `nil` where nothing can be written: then nobody forgets anything either, and whoever tries fails by that.
  package static func lockForgetting(at place: Place) throws(SnapshotError) -> (any StoreLock)? {
    do throws(SnapshotError) { return try acquireBeforeOpening(ObjectNames.forgetLock, at: place) } catch {
      guard error.code == .noPermission || error.code == .readOnly else { throw error }
      return nil
    }
  }

  package static func acquire(
    _ lock: String, _ mode: FileLock.Mode, at place: Place
  ) throws(SnapshotError) -> any StoreLock {
    let held = try storing("locking the repository at \(place.name)") { () throws(StoreError) in
      try place.store.lock(lock, mode, timeout: place.lockTimeout, isCancelled: place.isCancelled)
    }
    guard let held else { throw notLocked(place) }
    return held
  }

  private static func notLocked(_ place: Place) -> SnapshotError {
    if place.isCancelled() { return SnapshotError(.cancelled, "interrupted") }
    return SnapshotError(
      .locked, "the repository at \(place.name) is locked by another chromasnap",
      hint: "Wait for it to end, or wait longer with --lock-timeout.")
  }

  /// Lets go of the repository's lock before the repository itself goes. It must not be used any more.
  package func releaseLock() { lock.withLock { $0 = nil } }

  /// A document whose bytes match the id in its name.
  package func readDocument(_ object: String) throws(SnapshotError) -> (ChunkID, [UInt8]) {
    try Self.readDocument(object, in: store)
  }

  /// The same, decoded.
  /// - Throws: `damaged` where its bytes are not those that its name promises, or make no sense.
  package func readDocument<Value: Decodable>(
    _ object: String, as type: Value.Type
  ) throws(SnapshotError) -> (id: ChunkID, value: Value, document: [UInt8]) {
    let (id, document) = try readDocument(object)
    let value = try decoding(object) { () throws(FormatError) in
      try Document.decode(type, from: document, called: "it")
    }
    return (id, value, document)
  }

  static func readDocument(_ object: String, in store: any ObjectStore) throws(SnapshotError) -> (ChunkID, [UInt8]) {
    let stored: [UInt8]
    do throws(StoreError) { stored = try store.get(object, limit: Limits.documentBytes) } catch {
      var failure = SnapshotError(error, while: "reading \(object)")
      if error.isDamage { (failure.code, failure.hint) = (.damaged, SnapshotError.runCheck) }
      throw failure
    }
    let document = try decoding(object) { () throws(FormatError) in try Sealer.openDocument(stored) }
    let id = ChunkID(of: document)
    guard ObjectNames.id(in: object) == id else {
      throw SnapshotError(.damaged, "\(object) does not match the id in its name", hint: SnapshotError.runCheck)
    }
    return (id, document)
  }

  // MARK: Documents

  /// Writes a manifest: the moment at which the snapshot exists. Where its name is taken, by a snapshot of this very moment
  /// even, it gets `-2`, `-3`, … at its end.
  package func commit(_ manifest: Manifest) throws(SnapshotError) -> Snapshot {
    // Held for milliseconds. Where it can't be had all the same, a name that is there twice is better than no snapshot.
    let lock = try? store.lock(ObjectNames.nameLock, .exclusive, timeout: 10)
    defer { _ = lock }
    try synchronizeManifests()
    var manifest = manifest
    manifest.name = try catalogue.freeName(manifest.name)
    let document = Document.encode(manifest)
    let id = ChunkID(of: document)
    let object = ObjectNames.snapshot(id, committed: manifest.commitTime)
    try storing("writing the manifest") { () throws(StoreError) in
      try store.put(object, Sealer.sealDocument(document))
    }
    let snapshot = Snapshot(id: id, manifest: manifest)
    try catalogue.add(snapshots: [(snapshot, object, document)])
    noteManifest(in: ObjectNames.folder(of: object))
    return snapshot
  }

  package func add(_ note: Note) throws(SnapshotError) {
    let document = Document.encode(note)
    let id = ChunkID(of: document)
    let object = ObjectNames.note(id, time: note.time)
    try storing("writing a note") { () throws(StoreError) in try store.put(object, Sealer.sealDocument(document)) }
    try catalogue.add(notes: [((id, note), object, document)])
  }

  /// Removes snapshots' manifests and the notes about them, in few writes. Their chunks stay until a prune. What is interrupted
  /// leaves some of them there.
  package func forget(_ snapshots: [Snapshot]) throws(SnapshotError) {
    for start in stride(from: 0, to: snapshots.count, by: 1000) {
      let some = snapshots[start..<min(snapshots.count, start + 1000)]
      let notes = try catalogue.noteObjects(about: some.map(\.id))
      let ids = Set(some.map(\.id))
      let copies = secondCopies.withLock { $0.filter { ObjectNames.id(in: $0).map(ids.contains) == true } }
      let objects = some.map { ObjectNames.snapshot($0.id, committed: $0.manifest.commitTime) }
      try storing("removing snapshots") { () throws(StoreError) in
        // The second copies first: what is left alone is a snapshot again.
        try store.delete(Array(copies) + objects)
        try store.delete(notes)
      }
      try catalogue.remove(objects: objects, of: .snapshot)
      try catalogue.remove(objects: notes, of: .note)
    }
  }

  package func remove(notes objects: [String]) throws(SnapshotError) {
    try storing("removing notes") { () throws(StoreError) in try store.delete(objects) }
    try catalogue.remove(objects: objects, of: .note)
  }

  /// What prunes have written down to delete and not deleted yet, by object name.
  package func condemned() throws(SnapshotError) -> [(object: String, record: Condemned)] {
    var records: [(object: String, record: Condemned)] = []
    for object in try condemnedObjects() {
      // A prune that finished meanwhile has removed it. One that is damaged condemns nothing: what it named is looked at anew
      // by the next prune, which removes it.
      guard let (_, document) = try? readDocument(object) else { continue }
      let record = try decoding(object) { () throws(FormatError) in
        try Document.decode(Condemned.self, from: document, called: "it")
      }
      records.append((object, record))
    }
    return records
  }

  /// The names of the records of what prunes mean to delete, damaged ones too.
  package func condemnedObjects() throws(SnapshotError) -> [String] {
    try storing("reading \(name)") { () throws(StoreError) in
      try store.list(ObjectNames.condemned).map { "\(ObjectNames.condemned)/\($0)" }
        .filter { ObjectNames.id(in: $0) != nil }
    }
  }

  /// Writes down which packs a prune means to delete, before it deletes any.
  package func condemn(_ packs: [ChunkID], replacements: [ChunkID]) throws(SnapshotError) {
    let document = Document.encode(Condemned(time: .now, packs: packs, replacements: replacements))
    try storing("writing down what is condemned") { () throws(StoreError) in
      try store.put(ObjectNames.condemned(ChunkID(of: document)), Sealer.sealDocument(document))
    }
  }

  // MARK: Packs

  /// The stored form of a chunk's copy, checked against its checksum.
  package func storedBytes(of entry: PackEntry, in pack: ChunkID) throws(SnapshotError) -> [UInt8] {
    do {
      let stored = try store.read(ObjectNames.pack(pack), at: UInt64(entry.offset), count: Int(entry.storedLength))
      guard Sealer.checksum(stored.rawSpan) == entry.checksum else {
        throw FormatError(.checksum, "a chunk's stored bytes do not match their checksum")
      }
      return stored
    } catch { throw PackTableReader.failure(error, in: pack, chunk: entry.id) }
  }
}
