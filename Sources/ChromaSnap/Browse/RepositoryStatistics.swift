import SnapshotFormat
public import SnapshotRepository

/// How much a repository holds, and what that takes.
public struct RepositoryStatistics: Sendable {
  public var snapshots = 0
  public var sources = 0
  public var packs = 0
  public var chunks = 0
  /// Bytes that all snapshots would take side by side.
  public var logicalBytes: UInt64 = 0
  /// Bytes of the chunks, each once, before they were compressed or made a patch.
  public var plaintextBytes: UInt64 = 0
  /// Bytes of the chunks as they are stored.
  public var storedBytes: UInt64 = 0

  /// Counts. Takes time with the number of chunks.
  /// - Throws: `no_repository`, `locked`.
  public init(of location: RepositoryLocation) throws(SnapshotError) {
    let repository = try location.open(for: .read)
    let all = try repository.catalogue.snapshots()
    snapshots = all.count
    sources = Set(all.map(\.manifest.source.id)).count
    logicalBytes = all.reduce(0) { $0 + $1.manifest.statistics.totalBytes }
    for pack in try repository.catalogue.packSummaries() {
      packs += 1
      chunks += pack.chunks
      storedBytes += pack.storedBytes
      plaintextBytes += pack.plaintextBytes
    }
  }
}
