package import SystemIO

/// What a prune means to delete: `condemned/<id>`, written before anything is deleted.
///
/// A JSON document; its id is the SHA-256 of its bytes.
package struct Condemned: Codable, VersionedDocument, Hashable, Sendable {
  package var version = 1
  package var time: Timestamp
  /// The packs to delete, once it is sure that no manifest needs what only they hold.
  package var packs: [ChunkID]
  /// The packs that hold copies of what is still needed.
  package var replacements: [ChunkID]

  package init(time: Timestamp, packs: [ChunkID], replacements: [ChunkID]) {
    self.time = time
    self.packs = packs
    self.replacements = replacements
  }
}
