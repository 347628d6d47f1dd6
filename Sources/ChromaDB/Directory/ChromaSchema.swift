/// Which Chroma wrote a database, told by the migrations it has applied.
package struct ChromaSchema: Hashable, Sendable {
  /// Versions that store alike.
  package enum Family: String, Sendable {
    /// 0.4.0 to 0.4.24: sequence numbers are BLOBs, the vector segment's is in the pickle.
    case v0_4 = "0.4"
    /// 0.5.0 to 0.6.3: collections have a configuration, the queue is purged.
    case v0_5_v0_6 = "0.5-0.6"
    /// 1.0 on: written in Rust, sequence numbers are integers.
    case v1 = "1.x"
    /// Migrations that this program does not know: a later version.
    case unknown
  }

  /// The highest migration of each folder; 0: none.
  package var sysdb: Int64
  package var metadb: Int64
  package var embeddingsQueue: Int64

  /// The latest migrations that are known: those of Chroma 1.5.9.
  private static let latest = ChromaSchema(sysdb: 10, metadb: 6, embeddingsQueue: 2)

  package init(sysdb: Int64, metadb: Int64, embeddingsQueue: Int64) {
    self.sysdb = sysdb
    self.metadb = metadb
    self.embeddingsQueue = embeddingsQueue
  }

  package var family: Family {
    let latest = Self.latest
    if sysdb > latest.sysdb || metadb > latest.metadb || embeddingsQueue > latest.embeddingsQueue { return .unknown }
    if sysdb == 0 || metadb == 0 || embeddingsQueue == 0 { return .unknown }
    if sysdb >= 10 || metadb >= 5 { return .v1 }
    return sysdb >= 5 || embeddingsQueue >= 2 ? .v0_5_v0_6 : .v0_4
  }

  /// For the manifest: the family and the three numbers, as in `1.x (sysdb 10, metadb 6, queue 2)`.
  package var text: String {
    "\(family.rawValue) (sysdb \(sysdb), metadb \(metadb), queue \(embeddingsQueue))"
  }

  /// The schema of an open database.
  /// - Returns: `nil` where it is not Chroma's.
  package static func read(_ connection: SQLiteConnection) throws(SQLiteError) -> ChromaSchema? {
    for table in ["migrations", "collections", "segments", "embeddings_queue"] {
      guard try connection.hasTable(table) else { return nil }
    }
    func highest(_ folder: String) throws(SQLiteError) -> Int64 {
      try connection.integer("SELECT max(version) FROM migrations WHERE dir = '\(folder)'") ?? 0
    }
    return ChromaSchema(
      sysdb: try highest("sysdb"), metadb: try highest("metadb"), embeddingsQueue: try highest("embeddings_queue"))
  }
}
