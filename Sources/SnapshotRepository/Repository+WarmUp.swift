import GRDB
import SnapshotFormat
import SystemIO

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Repository {
  /// Does in memory, for nothing but having done it, what opening a repository does first: decodes a config, and asks a
  /// database.
  ///
  /// At a type's first use Swift searches all of the program for what it conforms to, and at a page's first use the kernel
  /// maps it: a sixth of a short run's time. A thread of its own gets much of that done while the arguments are parsed.
  /// - Returns: Whether all went well, which matters to a test only.
  @discardableResult
  package static func warmUp() -> Bool {
    let chunking = ChunkingParameters(gearSeed: String(repeating: "0", count: 32))
    let config = RepositoryConfig(id: "", created: .now, chunking: chunking)
    guard (try? RepositoryConfig(decoding: config.encoded)) != nil else { return false }
    do {
      let database = try DatabaseQueue()
      try database.write { try $0.execute(sql: "CREATE TABLE object (id BLOB)") }
      return try database.read { db in
        let ids = try Data.fetchAll(db, sql: "SELECT id FROM object")
        let rows = try Row.fetchAll(db, sql: "SELECT id FROM object WHERE id = ?", arguments: [Data()])
        return try ids.isEmpty && rows.isEmpty && Int.fetchOne(db, sql: "PRAGMA user_version") == 0
      }
    } catch { return false }
  }
}
