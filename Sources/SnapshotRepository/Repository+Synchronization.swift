import ObjectStorage
import SnapshotFormat
import Synchronization
import SystemIO

/// The catalogue in step with the store.
extension Repository {
  /// Brings the catalogue in step with the packs, manifests and notes that are there. Lists only the folders whose stamp
  /// has changed since they were last listed.
  package func synchronize() throws(SnapshotError) {
    try synchronizePacks()
    try synchronizeDocuments(ObjectNames.snapshots, .snapshot)
    try synchronizeDocuments(ObjectNames.notes, .note)
  }

  /// Brings the catalogue in step with the manifests that others have committed since the last time. Where there are none,
  /// that costs a few stats.
  func synchronizeManifests() throws(SnapshotError) {
    let present = try storing("reading \(name)") { () throws(StoreError) in
      try store.folders(in: ObjectNames.snapshots)
    }
    if manifestFolders.withLock({ $0 != Self.byName(present) }) {
      try synchronizeDocuments(ObjectNames.snapshots, .snapshot)
    }
  }

  private static func byName(_ folders: [(name: String, stamp: FolderStamp)]) -> [String: FolderStamp] {
    Dictionary(folders.map { ($0.name, $0.stamp) }, uniquingKeysWith: { $1 })
  }

  /// Takes note that a manifest has come into a folder that the catalogue knows of.
  func noteManifest(in folder: String) {
    let stamp = (try? store.stamp(of: folder)) ?? nil
    manifestFolders.withLock { $0[String(ObjectNames.name(of: folder))] = stamp }
  }

  /// Calls `body` for each folder in `parent` that may have changed, and remembers the stamps of those that have settled and
  /// of which `body` says that all in it could be read: the others are looked at again next time.
  private func forEachChangedFolder(
    in parent: String, _ body: (_ folder: String, _ names: [String]) throws(SnapshotError) -> Bool
  ) throws(SnapshotError) {
    let known = try catalogue.stamps(below: parent)
    // Before the listings: what comes while they run is found next time.
    let now = Timestamp.now
    let present = try storing("reading \(name)") { () throws(StoreError) in try store.folders(in: parent) }
    var stamps: [(folder: String, stamp: FolderStamp?)] = []
    for (child, stamp) in present {
      let folder = "\(parent)/\(child)"
      if stamp == known[folder] { continue }
      // Nearly always only this program has written there, and has put in the catalogue what it wrote.
      let digest = try storing("reading \(name)") { () throws(StoreError) in try store.digest(of: folder) }
      var isComplete = true
      if try digest != catalogue.digest(of: folder) {
        let names = try storing("reading \(name)") { () throws(StoreError) in try store.list(folder) }
        isComplete = try body(folder, names)
      }
      stamps.append((folder, isComplete && stamp.isSettled(at: now) ? stamp : nil))
    }
    let folders = Set(present.map { "\(parent)/\($0.name)" })
    let vanished = known.keys.filter { !folders.contains($0) }
    for folder in vanished { _ = try body(folder, []) }
    try catalogue.record(stamps, vanished: vanished)
    if parent == ObjectNames.snapshots { manifestFolders.withLock { $0 = Self.byName(present) } }
  }

  // Where the catalogue knows what is there, and two processes counted the same object, its digest is set right.

  private func synchronizePacks() throws(SnapshotError) {
    let reader = PackTableReader(store: store)
    try forEachChangedFolder(in: ObjectNames.packs) { (folder, names) throws(SnapshotError) in
      let present = Set(names.compactMap { ObjectNames.id(in: "\(folder)/\($0)") })
      let known = try catalogue.packs(inFolder: String(ObjectNames.name(of: folder)))
      if present == known, present.count == names.count {
        try catalogue.record(FolderDigest(names), of: folder)
        return true
      }
      let gone = known.subtracting(present)
      if !gone.isEmpty {
        // Another machine's prune, or a loss: the next snapshot reads everything and asks for every chunk.
        try catalogue.forgetSeen()
        try catalogue.remove(packs: gone)
      }
      // A pack that can't be read is known as such, and tried again; check says what is wrong with it.
      let added = parallelMap(Array(present.subtracting(known)), with: { Sealer() }) { id, sealer in
        (id: id, table: try? reader.table(of: id, &sealer))
      }
      try catalogue.add(packs: added, durable: false)
      return true
    }
    try readAgain(reader)
  }

  /// A pack that could not be read when it came, for its permissions or a disk that was away, may be read now. Mostly there is
  /// none.
  private func readAgain(_ reader: PackTableReader) throws(SnapshotError) {
    let unread = try catalogue.unreadPacks()
    if unread.isEmpty { return }
    let found = parallelMap(unread, with: { Sealer() }) { id, sealer in
      (try? reader.table(of: id, &sealer)).map { (id: id, table: $0) }
    }
    try catalogue.complete(packs: found.compactMap(\.self))
  }

  private func synchronizeDocuments(
    _ parent: String, _ table: Catalogue.DocumentTable
  ) throws(SnapshotError) {
    try forEachChangedFolder(in: parent) { (folder, names) throws(SnapshotError) in
      let known = try catalogue.names(in: folder, of: table)
      if names == known {
        try catalogue.record(FolderDigest(names), of: folder)
        return true
      }
      let (present, recorded) = (Set(names), Set(known))
      try catalogue.remove(objects: recorded.subtracting(present).map { "\(folder)/\($0)" }, of: table)
      return try adopt(present.subtracting(recorded).sorted().map { "\(folder)/\($0)" }, into: table)
    }
    if table == .snapshot { try setSecondCopiesAside() }
  }

  /// What a manifest needs is known where it lies under its own name, whatever lies elsewhere. Not before all folders are in
  /// step: it may have been moved from one to the other.
  private func setSecondCopiesAside() throws(SnapshotError) {
    for object in unreadManifests {
      guard let id = ObjectNames.id(in: object), try catalogue.hasSnapshot(id) else { continue }
      unread.withLock { _ = $0.remove(object) }
      secondCopies.withLock { _ = $0.insert(object) }
    }
  }

  /// Adds documents to the catalogue. One that can't be read is left out and remembered: check says what is wrong with it.
  /// - Returns: Whether all could be read.
  private func adopt(_ objects: [String], into table: Catalogue.DocumentTable) throws(SnapshotError) -> Bool {
    let adopted: Set<String>
    switch table {
    case .snapshot:
      let found = self.adopted(objects) { (object) throws(SnapshotError) in try readManifest(object) }
      adopted = Set(found.map(\.object))
      try catalogue.add(snapshots: found.map { (Snapshot(id: $0.id, manifest: $0.value), $0.object, $0.document) })
    case .note:
      let found = self.adopted(objects) { (object) throws(SnapshotError) in try readDocument(object, as: Note.self) }
      adopted = Set(found.map(\.object))
      try catalogue.add(notes: found.map { (($0.id, $0.value), $0.object, $0.document) })
    }
    let missed = objects.filter { !adopted.contains($0) && ObjectNames.id(in: $0) != nil && isThere($0) }
    unread.withLock { $0.formUnion(missed) }
    return missed.isEmpty
  }

  /// Whether an object is there: another process may have removed it since it was listed.
  private func isThere(_ object: String) -> Bool {
    do throws(StoreError) {
      _ = try store.size(of: object)
      return true
    } catch { return error.code != .notFound }
  }

  private typealias Adopted<Value> = (id: ChunkID, value: Value, object: String, document: [UInt8])

  private func adopted<Value: Sendable>(
    _ objects: [String],
    _ read: @Sendable (String) throws(SnapshotError) -> (id: ChunkID, value: Value, document: [UInt8])
  ) -> [Adopted<Value>] {
    parallelMap(objects) { object in
      (try? read(object)).map { ($0.id, $0.value, object, $0.document) }
    }.compactMap(\.self)
  }

  /// Manifests that are there and can't be read: what their snapshots need is not known.
  package var unreadManifests: [String] {
    unread(in: ObjectNames.snapshots)
  }

  private func unread(in parent: String) -> [String] {
    unread.withLock { unread in unread.filter { $0.hasPrefix("\(parent)/") }.sorted() }
  }

  /// Refuses what would remove snapshots that only an unreadable note knows to be pinned.
  /// - Parameter givenUp: Notes that are given up all the same.
  package func requireAllNotes(but givenUp: [String]) throws(SnapshotError) {
    guard let object = unread(in: ObjectNames.notes).first(where: { !givenUp.contains($0) }) else { return }
    throw SnapshotError(
      .damaged, "\(object) can't be read, and may pin a snapshot: nothing is forgotten",
      hint: try mendOrGiveUp(object))
  }

  private func mendOrGiveUp(_ object: String) throws(SnapshotError) -> String {
    "`chromasnap check` says why. Mend it (its permissions, a copy of it, or `chromasnap repair`); else "
      + "\(try wayOut(of: object))."
  }

  /// Refuses to count snapshots from the newest back where one that can't be read may come after the one that was found: by
  /// the time in its name it was committed later.
  /// - Parameter found: `nil` where none was found.
  package func requireManifests(after found: Snapshot?, toTell keyword: String) throws(SnapshotError) {
    let time = found?.manifest.time
    let boundary = time.map { "\(ObjectNames.snapshots)/\($0.month)/\($0.compact)" } ?? ""
    guard let object = unreadManifests.last(where: { $0 > boundary }) else { return }
    throw SnapshotError(
      .damaged, "\(object) can't be read, and may be what \"\(keyword)\" means",
      hint: try "Name another snapshot by its id or name: `chromasnap list` shows those that can be read. Or: "
        + mendOrGiveUp(object))
  }

  /// Refuses what would remove chunks that only an unreadable manifest knows to be needed.
  package func requireAllManifests() throws(SnapshotError) {
    guard let object = unreadManifests.first else { return }
    throw SnapshotError(
      .damaged, "\(object) can't be read, so what its snapshot needs is not known: nothing is deleted",
      hint: try mendOrGiveUp(object))
  }
}
