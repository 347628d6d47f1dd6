import ObjectStorage
package import SnapshotFormat
import SystemIO

extension Repository {
  /// The last look before a manifest is written: what it relies on without having written it is there, and is made
  /// durable where an interrupted run may have left it half-way.
  /// - Parameter known: The packs that were condemned when this run began; it relies on none of them.
  package func secure(_ index: ChunkIndex, alsoExpecting known: Set<ChunkID>) throws(SnapshotError) {
    let reliedOn = index.reliedOn
    let condemned = Set(try condemned().flatMap(\.record.packs)).subtracting(known)
    for pack in reliedOn.intersection(condemned) {
      do throws(StoreError) { _ = try store.size(of: ObjectNames.pack(pack)) } catch {
        throw SnapshotError(
          .condemned, "a prune removed what this snapshot relies on (pack \(pack.short))",
          hint: "Nothing is lost: run the snapshot again.", pack: pack)
      }
    }
    let unsecured = try catalogue.unsecured(among: reliedOn)
    try storing("making older packs durable") { () throws(StoreError) in
      for pack in unsecured { try store.secure(ObjectNames.pack(pack)) }
    }
    try catalogue.markDurable(unsecured)
  }

  /// Writes down what readers of this run found damaged, so that from now on it counts as unknown. Best effort: a
  /// repository that can't be written to is still read.
  package func noteFoundDamage(_ index: ChunkIndex) {
    for (pack, copies) in Dictionary(grouping: index.foundDamage, by: \.pack) {
      let isAllOfIt = copies.contains { $0.chunk == nil }
      if !isAllOfIt, correctCatalogue(of: pack) { continue }
      try? add(
        Note(kind: .damage, time: .now, pack: pack, chunks: isAllOfIt ? nil : copies.compactMap(\.chunk).sorted()))
    }
  }

  /// Compares what the catalogue says of a pack with the pack's own table, and sets it right: then it was the catalogue that
  /// was damaged, and nothing is known of the pack.
  /// - Returns: Whether that had to be.
  private func correctCatalogue(of pack: ChunkID) -> Bool {
    guard let table = try? PackTableReader(store: store).table(of: pack),
      let known = try? catalogue.entries(of: pack), known != table.entries
    else { return false }
    return (try? PackMending(self).adopt(pack, table)) != nil
  }
}
