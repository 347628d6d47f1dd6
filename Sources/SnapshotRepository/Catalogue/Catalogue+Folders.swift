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
        stamps[try row.decode(atIndex: 0)] = FolderStamp(
          device: UInt64(bitPattern: try row.decode(atIndex: 1)),
          inode: UInt64(bitPattern: try row.decode(atIndex: 2)),
          modified: Timestamp(seconds: try row.decode(atIndex: 3), nanoseconds: try row.decode(atIndex: 4)),
          changed: Timestamp(seconds: try row.decode(atIndex: 5), nanoseconds: try row.decode(atIndex: 6)))
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

  /// Of the names of all objects that the catalogue knows in a folder.
  package func digest(of folder: String) throws(SnapshotError) -> FolderDigest {
    try read { db in try Self.digest(of: folder, db) }
  }

  /// The catalogue was found to know exactly these.
  package func record(_ digest: FolderDigest, of folder: String) throws(SnapshotError) {
    try write { db in try Self.record(digest, of: folder, db) }
  }

  private static func digest(of folder: String, _ db: Database) throws -> FolderDigest {
    let row = try Row.fetchOne(
      db.cachedStatement(sql: "SELECT count, sum FROM holding WHERE folder = ?"), arguments: [folder])
    return try row.map {
      FolderDigest(count: try $0.decode(atIndex: 0), sum: UInt64(bitPattern: try $0.decode(atIndex: 1)))
    } ?? FolderDigest()
  }

  private static func record(_ digest: FolderDigest, of folder: String, _ db: Database) throws {
    try db.cachedStatement(sql: "INSERT OR REPLACE INTO holding VALUES (?, ?, ?)")
      .execute(arguments: [folder, digest.count, Int64(bitPattern: digest.sum)])
  }

  /// What comes to folders and goes from them in one transaction, by the objects' names.
  struct FolderChanges {
    private var changes: [String: FolderDigest] = [:]

    mutating func add(_ object: String) {
      changes[ObjectNames.folder(of: object), default: FolderDigest()].add(ObjectNames.name(of: object))
    }

    mutating func remove(_ object: String) {
      changes[ObjectNames.folder(of: object), default: FolderDigest()].remove(ObjectNames.name(of: object))
    }

    /// Notes it. The folders are listed at the next opening.
    func record(_ db: Database) throws {
      for (folder, change) in changes {
        try Catalogue.record(Catalogue.digest(of: folder, db) + change, of: folder, db)
        try Catalogue.distrust(folder, db)
      }
    }
  }

  /// Something comes to a folder, or came too recently: it is known, and listed at the next opening. Without a row for
  /// it nobody would notice that the folder itself has vanished.
  static func distrust(_ folder: String, _ db: Database) throws {
    try db.cachedStatement(sql: "INSERT OR REPLACE INTO folder VALUES (?, 0, 0, 0, 0, 0, 0)")
      .execute(arguments: [folder])
  }
}
