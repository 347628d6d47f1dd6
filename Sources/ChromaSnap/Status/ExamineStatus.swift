import SnapshotFormat
public import SnapshotRepository
package import SystemIO
public import SystemPackage

/// Looks whether all is well with a repository and its sources, for whoever watches over them. Reads no chunk.
public struct ExamineStatus: Sendable {
  /// Only the source at this path.
  public var source: FilePath?
  public var thresholds = StatusThresholds()
  /// For tests: what the clock says.
  package var now: @Sendable () -> Timestamp = { .now }

  public init() {}

  /// - Throws: `no_repository`, `locked`, or `snapshot_not_found` where there is none of the source. What is not well is in
  ///   the report.
  public func run(in location: RepositoryLocation) throws(SnapshotError) -> StatusReport {
    StatusReport(try facts(in: location), thresholds)
  }

  private func facts(in location: RepositoryLocation) throws(SnapshotError) -> StatusFacts {
    let repository = try location.open(for: .read)
    let catalogue = repository.catalogue
    var facts = StatusFacts(now: now())
    if let folder = location.folder { facts.freeBytes = try? FileSystem.freeBytes(at: folder) }
    facts.storedBytes = try catalogue.storedBytes()
    facts.lastCheck = try catalogue.notes(.check).last.map {
      StatusFacts.Event(time: $0.note.time, ok: $0.note.value == true)
    }
    facts.damagedPacks = Set(try catalogue.notes(.damage).compactMap(\.note.pack)).count
    facts.hurtSnapshots = repository.unreadManifests.count
    let hurt = try repository.hurt()
    let marks = Marks(
      repository: repository, hurt: hurt,
      acknowledged: Set(try catalogue.notes(.acknowledged).compactMap(\.note.snapshot)))
    for id in try catalogue.sources() {
      guard let newest = try catalogue.snapshots(.ofSource(id), newest: 1).last else { continue }
      if let source, !newest.manifest.source.isAt(source) { continue }
      var found = StatusFacts.Source(
        id: id, path: newest.manifest.source.path, snapshots: try catalogue.snapshotCount(ofSource: id),
        recent: try catalogue.snapshots(.ofSource(id), newest: min(thresholds.recent, 10_000) + 1).map {
          (snapshot) throws(SnapshotError) in try marks.facts(snapshot)
        })
      found.pathBase64 = newest.manifest.source.pathBase64
      facts.hurtSnapshots += hurt.isEmpty ? 0 : try count(hurt, of: id, catalogue)
      found.lastGood = try lastGood(of: id, marks, catalogue)
      if let good = found.lastGood { found.confirmed = try confirmation(of: good, in: location) }
      found.lastDrill = try lastDrill(of: id, catalogue)
      facts.sources.append(found)
    }
    if let source, facts.sources.isEmpty {
      throw SnapshotError(
        .snapshotNotFound, "there is no snapshot of \(source) in \(location.place.name)",
        hint: "`chromasnap list` shows which sources there are.")
    }
    return facts
  }

  /// What the notes say about snapshots.
  private struct Marks {
    let repository: Repository
    let hurt: Set<ChunkID>
    let acknowledged: Set<ChunkID>

    func facts(_ snapshot: Snapshot) throws(SnapshotError) -> StatusFacts.SnapshotFacts {
      let manifest = snapshot.manifest
      var facts = StatusFacts.SnapshotFacts(
        id: snapshot.id, name: manifest.name, time: manifest.time, commitTime: manifest.commitTime,
        bytes: manifest.statistics.totalBytes, bytesStored: manifest.statistics.bytesStored,
        collections: manifest.chroma?.collections.map {
          StatusFacts.Collection(id: $0.id, name: $0.name, records: $0.records)
        })
      facts.isChroma = manifest.source.kind == .chroma
      facts.isComplete = manifest.complete
      facts.isHurt = hurt.contains(snapshot.id)
      facts.isAcknowledged = acknowledged.contains(snapshot.id)
      facts.health = try repository.health(of: snapshot.id)
      return facts
    }
  }

  private func count(_ hurt: Set<ChunkID>, of source: String, _ catalogue: Catalogue) throws(SnapshotError) -> Int {
    try catalogue.snapshots(.ofSource(source)).count { hurt.contains($0.id) }
  }

  /// Usually among the newest; looks further back only where it must.
  private func lastGood(
    of source: String, _ marks: Marks, _ catalogue: Catalogue
  ) throws(SnapshotError) -> StatusFacts.SnapshotFacts? {
    let limit = now().advanced(bySeconds: 60)
    for count in [4, 256, nil] {
      let found = try catalogue.snapshots(.ofSource(source), newest: count)
      for snapshot in found.reversed() where snapshot.manifest.time <= limit {
        let facts = try marks.facts(snapshot)
        if facts.isGood { return facts }
      }
      if let count, found.count < count { break }
    }
    return nil
  }

  /// A run that found nothing changed stores nothing: that the source is as this snapshot holds it stands in the audit trail.
  private func confirmation(
    of good: StatusFacts.SnapshotFacts, in location: RepositoryLocation
  ) throws(SnapshotError) -> Timestamp? {
    let (now, limit) = (now().advanced(bySeconds: 60), thresholds.warnAge)
    if now.seconds(since: good.time) <= limit { return nil }
    var confirmed: Timestamp?
    try AuditTrail(at: location.place).readBackwards { (entry) throws(SnapshotError) in
      if entry.exitCode == 0, entry.snapshot == good.id, ["snapshot", "auto"].contains(entry.command), entry.time <= now
      {
        confirmed = entry.time
      }
      return confirmed == nil && entry.time > good.time
    }
    return confirmed
  }

  private func lastDrill(of source: String, _ catalogue: Catalogue) throws(SnapshotError) -> StatusFacts.Event? {
    for stored in try catalogue.notes(.drill).sorted(by: { $0.note.time > $1.note.time }) {
      guard let snapshot = stored.note.snapshot, try catalogue.source(of: snapshot) == source else { continue }
      return StatusFacts.Event(time: stored.note.time, ok: stored.note.value == true)
    }
    return nil
  }
}
