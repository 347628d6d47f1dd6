import SnapshotFormat

extension Set<ChunkID> {
  /// All of them, as many at a time as the catalogue is best asked for at once.
  var batches: some Sequence<[ChunkID]> {
    let ids = Array(self)
    return stride(from: 0, to: ids.count, by: 4096).lazy.map { Array(ids[$0...].prefix(4096)) }
  }
}
