/// What a Chroma database holds.
package struct Inventory: Hashable, Sendable {
  package var schema: ChromaSchema
  /// By tenant, database and name.
  package var collections: [CollectionInventory]

  /// Records of all collections.
  package var records: Int64 { collections.reduce(0) { $0 + $1.records } }
}

/// One collection: what it is called, how it is indexed, how much is in it.
package struct CollectionInventory: Hashable, Sendable {
  package var tenant: String
  package var database: String
  package var name: String
  package var id: String
  /// Numbers per vector; `nil` before the first record.
  package var dimension: Int?
  /// `l2`, `cosine` or `ip`.
  package var distance: String
  package var records: Int64
  /// Log records that the HNSW index does not hold yet.
  package var backlog: Int64
  /// The settings of the HNSW index that are set, by their names in Chroma 1.x.
  package var settings: [String: String]
  /// The VECTOR segment: the name of the folder of its HNSW files.
  package var vectorSegment: String
  package var metadataSegment: String
  /// The last log record in the HNSW index; `nil`: none, or in the pickle (0.4).
  package var vectorSequence: Int64?
  /// The last log record in the tables.
  package var metadataSequence: Int64?
  /// Bytes of the HNSW files.
  package var indexBytes: UInt64 = 0
}
