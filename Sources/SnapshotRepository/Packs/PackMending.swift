import ObjectStorage
package import SnapshotFormat
import SystemIO

/// Mends packs that do not end as they should: where a disk has left something behind the footer, or lost its last bytes,
/// the table is there all the same, and the pack's id proves it.
package struct PackMending: Sendable {
  private let repository: Repository

  /// How far before its end a pack's footer is looked for.
  private static let searchedBytes: UInt64 = 1 << 20

  package init(_ repository: Repository) { self.repository = repository }

  /// Writes a pack anew as it was, around its chunks as they lie there. Those that do not match their checksums are noted
  /// as damaged, and the pack no more.
  /// - Returns: Whether it could be; else all is as before.
  /// - Throws: `damaged` where its bytes can't be read.
  package func mend(_ pack: ChunkID) throws(SnapshotError) -> Bool {
    var sealer = Sealer()
    guard let table = try table(of: pack, &sealer) else { return false }
    let (_, tail) = PackLayout.tail(of: table, sealer: &sealer)
    var damaged: [ChunkID] = []
    do {
      let store = repository.store
      let object = try store.begin()
      try object.append(PackLayout.header(table.kind).rawSpan)
      for entry in table.entries {
        let stored = try store.read(ObjectNames.pack(pack), at: UInt64(entry.offset), count: Int(entry.storedLength))
        if Sealer.checksum(stored.rawSpan) != entry.checksum { damaged.append(entry.id) }
        try object.append(stored.rawSpan)
      }
      try object.append(tail.rawSpan)
      try object.commit(as: ObjectNames.pack(pack))
    } catch { throw PackTableReader.failure(error, in: pack) }
    try adopt(pack, table)
    if !damaged.isEmpty { try repository.add(Note(kind: .damage, time: .now, pack: pack, chunks: damaged.sorted())) }
    try withdrawLosses(of: [pack])
    return true
  }

  /// The packs that are noted as not to be read at all.
  package func notedLosses() throws(SnapshotError) -> Set<ChunkID> {
    Set(try repository.catalogue.notes(.damage).filter { $0.note.chunks == nil }.compactMap(\.note.pack))
  }

  /// Removes the notes that packs can't be read at all: their tables have just been.
  package func withdrawLosses(of packs: Set<ChunkID>) throws(SnapshotError) {
    let refuted = try repository.catalogue.notes(.damage).filter { stored in
      stored.note.chunks == nil && stored.note.pack.map(packs.contains) == true
    }
    try repository.remove(notes: refuted.map(\.object))
  }

  /// Tells the catalogue of a pack whose table it could not read.
  package func adopt(_ pack: ChunkID, _ table: PackTable) throws(SnapshotError) {
    try repository.catalogue.remove(packs: [pack])
    try repository.catalogue.add(pack: pack, table, durable: false)
  }

  /// The table of a pack, wherever it ends.
  private func table(of pack: ChunkID, _ sealer: inout Sealer) throws(SnapshotError) -> PackTable? {
    let (store, object) = (repository.store, ObjectNames.pack(pack))
    do {
      let length = try store.size(of: object)
      let start = length - min(length, Self.searchedBytes)
      let end = try store.read(object, at: start, count: Int(length - start))
      for (offset, footer) in PackLayout.footers(of: pack, among: end) {
        let before = Int(start) + offset - footer.tableStoredLength
        guard before >= PackLayout.headerBytes, footer.tableStoredLength <= Limits.storedTableBytes else { continue }
        let stored = try store.read(object, at: UInt64(before), count: footer.tableStoredLength)
        if let table = try? PackLayout.table(decoding: stored, footer: footer, sealer: &sealer), table.offset == before
        {
          return table
        }
      }
      return nil
    } catch { throw PackTableReader.failure(error, in: pack) }
  }
}
