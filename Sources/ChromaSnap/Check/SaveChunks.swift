import SnapshotFormat
import SnapshotRepository
import SystemIO

/// Stores anew what hurt snapshots need and can be read all the same: chunks of a pack that has lost its table, of which the
/// catalogue knows where they lie, or of a disk that has come to its senses. Every copy is tried, and every byte proved.
struct SaveChunks {
  let repository: Repository

  /// - Returns: How many chunks were saved.
  func run(of hurt: [Snapshot], _ activity: Activity) throws(SnapshotError) -> Int {
    let index = try ChunkIndex(repository)
    var marker = Marker(repository, index: index, passingOverLosses: true)
    for snapshot in hurt { try marker.mark(snapshot, activity: activity) }
    let kinds = try repository.catalogue.packSummaries().reduce(into: [:]) { $0[$1.id] = $1.kind }
    var reader = ChunkReader(repository, index: index)
    var writer = ChunkWriter(repository, index: index, level: TreeRewriting.level)
    var chunk = ByteBuffer(capacity: Limits.chunkBytes)
    for id in marker.marked {
      try activity.checkpoint()
      guard try index.chain(of: id) == nil, let last = try index.chainOfLastResort(of: id) else { continue }
      chunk.count = 0
      do throws(SnapshotError) { try reader.read(id, into: &chunk) } catch {
        guard error.code == .damaged else { throw error }
        continue
      }
      try writer.store(chunk.bytes, id: id, kind: last.packs.last.flatMap { kinds[$0] } ?? .data)
    }
    try writer.finish()
    return writer.chunksNew
  }
}
