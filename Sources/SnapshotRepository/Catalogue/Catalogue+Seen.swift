import GRDB
package import SnapshotFormat

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What the last snapshot of a source saw of each folder: how its files' stat data were, so that what has not changed need
/// not be read. The states are opaque here; the walker of directories makes and reads them.
extension Catalogue {
  /// - Returns: `nil` unless what was seen is what `snapshot` holds, and nothing was lost or found damaged since.
  package func seen(of source: String, in snapshot: ChunkID) throws(SnapshotError) -> [[UInt8]: [UInt8]]? {
    try read { db in
      let last = try Row.fetchOne(
        db, sql: "SELECT snapshot, damage FROM seen_snapshot WHERE source = ?", arguments: [source])
      guard let last, last[0] == snapshot.data, try last[1] == Self.damageNotes(db) else { return nil }
      var states: [[UInt8]: [UInt8]] = [:]
      // A row at a time and straight from SQLite's memory: all of them are some 80 bytes for each file.
      let rows = try Row.fetchCursor(db, sql: "SELECT path, state FROM seen WHERE source = ?", arguments: [source])
      while let row = try rows.next() {
        let bytes = { (column: Int) in try row.withUnsafeData(atIndex: column) { $0.map { [UInt8]($0) } ?? [] } }
        states[try bytes(0)] = try bytes(1)
      }
      return states
    }
  }

  /// Records what a new snapshot saw.
  /// - Parameters:
  ///   - changed: The folders whose state is not as recorded before.
  ///   - removed: The folders that are no more.
  ///   - parent: The snapshot that saw what was recorded before; `nil` where `changed` is everything, so that all of that goes.
  ///     Where another snapshot has recorded what it saw meanwhile, nothing is known.
  package func recordSeen(
    of source: String, in snapshot: ChunkID, changed: [(path: [UInt8], state: [UInt8])], removed: [[UInt8]],
    since parent: ChunkID?
  ) throws(SnapshotError) {
    try write { db in
      if let parent {
        let last = try Data.fetchOne(
          db, sql: "SELECT snapshot FROM seen_snapshot WHERE source = ?", arguments: [source])
        guard last == parent.data else {
          try db.execute(sql: "DELETE FROM seen WHERE source = ?", arguments: [source])
          return try db.execute(sql: "DELETE FROM seen_snapshot WHERE source = ?", arguments: [source])
        }
      } else {
        try db.execute(sql: "DELETE FROM seen WHERE source = ?", arguments: [source])
      }
      for path in removed {
        try db.execute(sql: "DELETE FROM seen WHERE source = ? AND path = ?", arguments: [source, Data(path)])
      }
      for (path, state) in changed {
        try db.execute(
          sql: "INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", arguments: [source, Data(path), Data(state)])
      }
      try db.execute(
        sql: "INSERT OR REPLACE INTO seen_snapshot VALUES (?, ?, ?)",
        arguments: [source, snapshot.data, Self.damageNotes(db)])
    }
  }

  /// Forgets what was seen of all sources: everything is read again by the next snapshot of each.
  package func forgetSeen() throws(SnapshotError) {
    try write { db in try db.execute(sql: "DELETE FROM seen; DELETE FROM seen_snapshot; DELETE FROM fingerprint") }
  }

  /// Names the damage that is noted: whoever has seen a source before it was must read it again.
  private static func damageNotes(_ db: Database) throws -> Data {
    let notes = try Data.fetchAll(db, sql: "SELECT id FROM note WHERE kind = 'damage' ORDER BY id")
    return notes.isEmpty ? Data() : ChunkID(of: notes.flatMap { [UInt8]($0) }).data
  }
}
