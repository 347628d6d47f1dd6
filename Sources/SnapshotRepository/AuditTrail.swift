import ObjectStorage
package import SnapshotFormat
package import SystemIO

/// Who ran what on a repository, and how that ended.
///
/// Entries lie beside the notes and not among them: whoever opens a repository lists what is new among its notes, and
/// nobody but an auditor needs these. So an entry costs the run that writes it one small object, and later runs nothing.
package struct AuditTrail: Sendable {
  let place: Repository.Place

  package init(at place: Repository.Place) { self.place = place }

  /// Writes an entry. It takes no lock: nothing but its age removes one.
  package func append(_ entry: AuditEntry) throws(SnapshotError) {
    let config = try Repository.readConfig(place).config
    try decoding("the repository at \(place.name)") { () throws(FormatError) in try config.require(.write) }
    let document = Document.encode(entry)
    let object = ObjectNames.audit(ChunkID(of: document), time: entry.time)
    for attempt in 1... {
      do throws(StoreError) { return try place.store.put(object, Sealer.sealDocument(document)) } catch {
        // A prune elsewhere, which has the repository to itself, removes what is not complete yet.
        if attempt < 3, error.code == .notFound { continue }
        throw SnapshotError(error, while: "writing to the audit trail")
      }
    }
  }

  /// Reads entries from the newest back, for as long as `body` asks for more. What can't be read is passed over: check
  /// names it.
  package func readBackwards(
    _ body: (AuditEntry) throws(SnapshotError) -> Bool
  ) throws(SnapshotError) {
    for month in try list(ObjectNames.audit).reversed() {
      let folder = "\(ObjectNames.audit)/\(month)"
      for name in try list(folder).reversed() {
        guard let (_, document) = try? Repository.readDocument("\(folder)/\(name)", in: place.store),
          let entry = try? Document.decode(AuditEntry.self, from: document, called: name)
        else { continue }
        guard try body(entry) else { return }
      }
    }
  }

  /// Removes the entries that have had their time.
  /// - Returns: How many.
  package func expire(at now: Timestamp) throws(SnapshotError) -> Int {
    let expired = Self.expired(try Repository.documents(in: ObjectNames.audit, of: place.store), at: now)
    try storing("removing old entries of the audit trail") { () throws(StoreError) in
      try place.store.delete(Array(expired))
    }
    return expired.count
  }

  /// Which of the entries have had their time.
  /// - Parameter objects: Their names, oldest first.
  package static func expired(_ objects: [String], at now: Timestamp) -> ArraySlice<String> {
    let limit = now.advanced(bySeconds: -Int64(AuditEntry.lifetimeDays) * 86_400)
    let boundary = "\(ObjectNames.audit)/\(limit.month)/\(limit.compact)"
    return objects.dropLast(AuditEntry.alwaysKept).prefix { $0 < boundary }
  }

  private func list(_ folder: String) throws(SnapshotError) -> [String] {
    try storing("reading the audit trail") { () throws(StoreError) in try place.store.list(folder) }
  }
}
