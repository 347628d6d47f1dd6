import ObjectStorage
import SnapshotFormat
import SnapshotRepository
import SystemIO

/// The second phase of a prune, with the repository to itself: deletes what is condemned, this run's or an interrupted
/// one's, unless a snapshot needs it after all.
struct Sweep: Sendable {
  let repository: Repository
  let activity: Activity

  /// - Parameter marker: What the first phase has marked.
  func run(
    _ summary: inout PruneRepository.Summary, marker: inout Marker
  ) throws(SnapshotError) {
    try repository.requireAllManifests()
    let documents = try repository.condemned()
    let present = try repository.catalogue.packs()
    let replacements = Set(documents.flatMap(\.record.replacements)).intersection(present)
    let condemned = Set(documents.flatMap(\.record.packs)).intersection(present).subtracting(replacements)
    if !condemned.isEmpty {
      let doomed = try spare(condemned, &marker)
      summary.packsSpared = condemned.count - doomed.count
      // What takes their place is read back from the store before anything goes.
      let tables = PackTableReader(store: repository.store)
      for pack in replacements.subtracting(doomed) { _ = try tables.table(of: pack) }
      try delete(doomed, &summary)
    }
    // A damaged one too: what it named is not known, and nobody is pruning who relies on it.
    let records = try repository.condemnedObjects()
    try storing("finishing the prune") { () throws(StoreError) in
      try repository.store.delete(records)
      // Nobody else is writing: what is unfinished was abandoned.
      try repository.store.removeUnfinished()
    }
    try removeObsoleteNotes()
  }

  /// Marks what all snapshots need that are there now, and takes out of the condemned packs those without which a marked
  /// chunk could not be decoded.
  private func spare(_ condemned: Set<ChunkID>, _ marker: inout Marker) throws(SnapshotError) -> Set<ChunkID> {
    let index = try ChunkIndex(repository)
    marker.goOn(in: repository, index: index)
    for snapshot in try repository.catalogue.snapshots() { try marker.mark(snapshot, activity: activity) }
    var doomed = condemned
    index.condemn(condemned)
    for batch in marker.marked.batches {
      for (id, lasting) in zip(batch, try index.lastingChains(of: batch)) where lasting == nil {
        guard let chain = try index.chain(of: id) else {
          throw SnapshotError(
            .damaged, "chunk \(id.short) can't be decoded: nothing is deleted", hint: SnapshotError.runRepair, chunk: id
          )
        }
        doomed.subtract(chain.packs)
      }
    }
    return doomed
  }

  private func delete(_ packs: Set<ChunkID>, _ summary: inout PruneRepository.Summary) throws(SnapshotError) {
    try storing("deleting packs") { () throws(StoreError) in
      try repository.store.delete(packs.sorted().map(ObjectNames.pack))
    }
    summary.packsDeleted += packs.count
    try repository.catalogue.remove(packs: packs)
  }

  /// Notes about damage in packs that are no more, and those that a forget has left which was killed behind the manifests.
  private func removeObsoleteNotes() throws(SnapshotError) {
    let present = try repository.catalogue.packs()
    let obsolete = try repository.catalogue.notes(.damage).filter { stored in
      stored.note.pack.map { !present.contains($0) } ?? false
    }
    try repository.remove(notes: obsolete.map(\.object) + repository.catalogue.noteObjectsAboutNobody())
  }
}
