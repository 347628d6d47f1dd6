import GRDB
package import SnapshotFormat

extension Catalogue {
  /// The ids of all sources. One look in the index per source, however many snapshots there are.
  package func sources() throws(SnapshotError) -> [String] {
    try read { db in
      try String.fetchAll(
        db,
        sql: """
          WITH RECURSIVE sources (id) AS (
            SELECT min(source) FROM snapshot
            UNION ALL
            SELECT (SELECT min(source) FROM snapshot WHERE source > sources.id) FROM sources WHERE id IS NOT NULL)
          SELECT id FROM sources WHERE id IS NOT NULL
          """)
    }
  }

  package func snapshotCount(ofSource id: String) throws(SnapshotError) -> Int {
    try read { db in
      try Int.fetchOne(db, sql: "SELECT count(*) FROM snapshot WHERE source = ?", arguments: [id]) ?? 0
    }
  }

  /// The source of a snapshot.
  package func source(of snapshot: ChunkID) throws(SnapshotError) -> String? {
    try read { db in
      try String.fetchOne(db, sql: "SELECT source FROM snapshot WHERE id = ?", arguments: [snapshot.data])
    }
  }
}
