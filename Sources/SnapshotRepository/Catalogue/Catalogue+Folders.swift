import GRDB
package import ObjectStorage
import SystemIO

extension Catalogue {
  /// The stamps that folders had when they were last listed, of those whose name begins with `prefix`.
  package func stamps(below prefix: String) throws(SnapshotError) -> [String: FolderStamp] {
    try read { db in
      var stamps: [String: FolderStamp] = [:]
      for row in try Row.fetchAll(
        db, sql: "SELECT * FROM folder WHERE name >= ? AND name < ?", arguments: [prefix + "/", prefix + "0"])
      {
        stamps[row[0]] = FolderStamp(
          device: UInt64(bitPattern: row[1]), inode: UInt64(bitPattern: row[2]),
          modified: Timestamp(seconds: row[3], nanoseconds: row[4]),
          changed: Timestamp(seconds: row[5], nanoseconds: row[6]))
      }
      return stamps
    }
  }

  /// Records the stamps of folders that have just been listed. `nil`: the folder is there, but must be listed again.
  /// - Parameter vanished: Folders that are no more.
  package func record(
    _ stamps: [(folder: String, stamp: FolderStamp?)], vanished: [String]
  ) throws(SnapshotError) {
    guard !stamps.isEmpty || !vanished.isEmpty else { return }
    try write { db in
      for (folder, stamp) in stamps {
        if let stamp {
          try db.execute(
            sql: "INSERT OR REPLACE INTO folder VALUES (?, ?, ?, ?, ?, ?, ?)",
            arguments: [
              folder, Int64(bitPattern: stamp.device), Int64(bitPattern: stamp.inode), stamp.modified.seconds,
              stamp.modified.nanoseconds, stamp.changed.seconds, stamp.changed.nanoseconds,
            ])
        } else {
          try Self.distrust(folder, db)
        }
      }
      for folder in vanished { try db.execute(sql: "DELETE FROM folder WHERE name = ?", arguments: [folder]) }
    }
  }

  /// Something comes to a folder, or came too recently: it is known, and listed at the next opening. Without a row for
  /// it nobody would notice that the folder itself has vanished.
  static func distrust(_ folder: String, _ db: Database) throws {
    try db.cachedStatement(sql: "INSERT OR REPLACE INTO folder VALUES (?, 0, 0, 0, 0, 0, 0)")
      .execute(arguments: [folder])
  }
}
