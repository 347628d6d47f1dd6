public import SnapshotFormat

/// A snapshot as the repository knows it: its id and what its manifest says.
public struct Snapshot: Hashable, Sendable, Identifiable {
  public var id: ChunkID
  public var manifest: Manifest

  package init(id: ChunkID, manifest: Manifest) {
    self.id = id
    self.manifest = manifest
  }
}
