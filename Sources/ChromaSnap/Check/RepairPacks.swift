import SnapshotFormat
import SnapshotRepository
import SystemIO

/// Looks again at packs that could not be read, and mends those of which only the end is wrong.
struct RepairPacks {
  let repository: Repository

  /// - Returns: The packs that were mended.
  func run(_ activity: Activity) throws(SnapshotError) -> [ChunkID] {
    let packs = try repository.catalogue.packSummaries()
    let mending = PackMending(repository)
    let noted = try mending.notedLosses()
    var mended: [ChunkID] = []
    for pack in packs where pack.kind == nil || noted.contains(pack.id) {
      try activity.checkpoint()
      do throws(SnapshotError) {
        let table = try PackTableReader(store: repository.store).table(of: pack.id)
        // Somebody else has mended it, or put it back.
        if pack.kind == nil { try mending.adopt(pack.id, table) }
        try mending.withdrawLosses(of: [pack.id])
      } catch {
        guard error.code == .damaged else { continue }
        if try mends(pack.id, mending) { mended.append(pack.id) }
      }
    }
    return mended
  }

  private func mends(_ pack: ChunkID, _ mending: PackMending) throws(SnapshotError) -> Bool {
    do throws(SnapshotError) { return try mending.mend(pack) } catch {
      guard error.code == .damaged else { throw error }
      return false
    }
  }
}
