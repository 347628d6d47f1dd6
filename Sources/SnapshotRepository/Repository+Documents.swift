import ObjectStorage
package import SnapshotFormat
import Synchronization

/// Documents as they lie in the store, whatever the catalogue says.
extension Repository {
  /// The names of all manifests, notes and audit entries.
  package func documents() throws(SnapshotError) -> [String] {
    try documents(in: ObjectNames.snapshots) + documents(in: ObjectNames.notes) + documents(in: ObjectNames.audit)
  }

  /// The names of all manifests, notes or audit entries, oldest first. What else lies there is nothing.
  package func documents(in parent: String) throws(SnapshotError) -> [String] {
    try Self.documents(in: parent, of: store)
  }

  static func documents(in parent: String, of store: any ObjectStore) throws(SnapshotError) -> [String] {
    try storing("listing \(parent)") { () throws(StoreError) in
      var objects: [String] = []
      for month in try store.list(parent) {
        let folder = "\(parent)/\(month)"
        objects += try store.list(folder).map { "\(folder)/\($0)" }.filter { ObjectNames.id(in: $0) != nil }
      }
      return objects
    }
  }

  /// A manifest, which lies where its own name says: a second copy elsewhere would be a snapshot that comes back when it was
  /// forgotten.
  package func readManifest(
    _ object: String
  ) throws(SnapshotError) -> (id: ChunkID, value: Manifest, document: [UInt8]) {
    let found = try readDocument(object, as: Manifest.self)
    guard object == ObjectNames.snapshot(found.id, committed: found.value.commitTime) else {
      throw SnapshotError(
        .damaged, "\(object) holds a manifest of another name",
        hint: "Run `chromasnap repair`: it puts it in its place.")
    }
    return found
  }

  /// Puts a document in its place that is a manifest, and lies under a name that is not its own.
  /// - Returns: Whether it had to.
  package func putInPlace(
    _ object: String, _ id: ChunkID, _ document: [UInt8], isDryRun: Bool
  ) throws(SnapshotError) -> Bool {
    guard object.hasPrefix("\(ObjectNames.snapshots)/"),
      let manifest = try? Document.decode(Manifest.self, from: document, called: "it")
    else { return false }
    let place = ObjectNames.snapshot(id, committed: manifest.commitTime)
    if object == place { return false }
    if isDryRun { return true }
    try storing("putting \(object) in its place") { () throws(StoreError) in
      try store.put(place, Sealer.sealDocument(document))
      try store.delete(object)
    }
    return true
  }

  /// What the bytes of a document should be that are not those that its name promises: as the catalogue took it in, else with
  /// the one bit put right that has flipped. Its id proves either.
  package func mended(_ object: String) throws(SnapshotError) -> [UInt8]? {
    guard let id = ObjectNames.id(in: object) else { return nil }
    if let known = try catalogue.document(object), ChunkID(of: known) == id { return known }
    guard let stored = try? store.get(object, limit: Limits.documentBytes),
      let document = try? Sealer.openDocument(stored)
    else { return nil }
    return FlippedBit.corrected(document) { ChunkID(of: $0) == id }
  }

  /// Writes a damaged document anew.
  package func mend(_ object: String, with document: [UInt8]) throws(SnapshotError) {
    try storing("writing \(object) anew") { () throws(StoreError) in
      try store.put(object, Sealer.sealDocument(document))
    }
  }

  /// The manifest, note or audit entry that is not what its name promises and whose id begins with some digits.
  /// - Throws: `ambiguous` where there are several.
  package func damagedDocument(withPrefix digits: String) throws(SnapshotError) -> String? {
    var found: [String] = []
    for object in try documents() where ObjectNames.id(in: object)?.description.hasPrefix(digits) == true {
      do throws(SnapshotError) {
        if object.hasPrefix("\(ObjectNames.snapshots)/") {
          _ = try readManifest(object)
        } else {
          _ = try readDocument(object)
        }
      } catch {
        if error.code == .damaged { found.append(object) }
      }
    }
    guard found.count > 1 else { return found.first }
    throw SnapshotError(
      .ambiguous, "\"\(digits)\" means \(found.count) damaged documents", hint: "Give more digits of the id.")
  }

  /// The object that bears by right the id in the name of one that can't be read, where it is another.
  package func original(of object: String) throws(SnapshotError) -> String? {
    guard let id = ObjectNames.id(in: object), let known = try catalogue.object(of: id) else { return nil }
    return known == object ? nil : known
  }

  /// How one gets rid of a document that can't be read and that nobody can mend. To forget the id of a copy would be to forget
  /// the snapshot.
  package func wayOut(of object: String) throws(SnapshotError) -> String {
    if let original = try original(of: object) { return "remove the file, which is a copy of \(original)" }
    return "`chromasnap forget \(ObjectNames.id(in: object)?.short ?? object)` gives it up"
  }

  /// Removes a damaged document for good, with the notes about the snapshot that it was of.
  package func giveUp(_ object: String) throws(SnapshotError) {
    let notes = try ObjectNames.id(in: object).map { (id) throws(SnapshotError) in
      try catalogue.noteObjects(about: [id])
    }
    try storing("removing \(object)") { () throws(StoreError) in try store.delete([object] + (notes ?? [])) }
    try catalogue.remove(objects: [object], of: .snapshot)
    try catalogue.remove(objects: [object] + (notes ?? []), of: .note)
    unread.withLock { _ = $0.remove(object) }
  }
}
