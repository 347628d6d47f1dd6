import SnapshotFormat
import SnapshotRepository
import SystemIO

/// Looks again at snapshots that are noted as hurt. What they had lost may have been stored anew since, or put back, and only a
/// check would say so: until then they would pass for worthless, and the last real data could be rotated out.
struct HurtSnapshots {
  let repository: Repository

  /// - Parameter withdraws: Whether notes that are no longer true are withdrawn. Best effort.
  /// - Returns: Those of the snapshots that are noted as hurt and still are.
  func stillHurt(among snapshots: [Snapshot], withdrawing withdraws: Bool) throws(SnapshotError) -> Set<ChunkID> {
    let noted = try repository.hurt()
    if noted.isEmpty { return [] }
    let index = try ChunkIndex(repository)
    var soundness = Soundness(repository, index: index)
    var hurt: Set<ChunkID> = []
    for snapshot in snapshots where noted.contains(snapshot.id) {
      if try !soundness.losses(of: snapshot, activity: Activity()).isEmpty {
        hurt.insert(snapshot.id)
      } else if withdraws {
        try? repository.note(.hurt, about: snapshot.id, value: false)
      }
    }
    if withdraws { repository.noteFoundDamage(index) }
    return hurt
  }
}
