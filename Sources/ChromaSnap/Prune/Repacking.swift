import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO

/// Copies what is needed of some packs into new ones, as it is stored: nothing is decoded, depths and bases stay.
struct Repacking: Sendable {
  let repository: Repository
  let activity: Activity

  /// - Returns: The new packs; durable, and in the catalogue.
  func copy(_ packs: [PrunePlan.PackUse]) throws(SnapshotError) -> [ChunkID] {
    activity.expect(bytes: packs.reduce(0) { $0 + $1.usedBytes })
    var written: [ChunkID] = []
    for kind in [PackKind.data, .metadata] {
      let writer = PackWriter(repository, kind: kind, index: nil)
      defer { writer.abandon() }
      // A copy goes behind its base, or a crash could leave the one without the other.
      for use in packs where use.summary.kind == kind {
        try activity.checkpoint()
        try copy(use, to: writer)
        activity.did(bytes: use.usedBytes)
      }
      try writer.finish()
      written += writer.packs
    }
    return written
  }

  private func copy(_ use: PrunePlan.PackUse, to writer: PackWriter) throws(SnapshotError) {
    for entry in try repository.catalogue.entries(of: use.summary.id) where use.used.contains(entry.id) {
      let stored = try repository.storedBytes(of: entry, in: use.summary.id)
      try writer.add(id: entry.id, length: Int(entry.length), depth: entry.depth, base: entry.base) {
        (output) throws(SnapshotError) in
        output.append(stored.rawSpan)
        return entry.encoding
      }
    }
  }
}
