import GRDB
package import SnapshotFormat

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One stored copy of a chunk.
package struct ChunkCopy: Hashable, Sendable {
  package var pack: ChunkID
  /// When the pack was made, in seconds since 1970.
  package var packCreated: Int64
  package var entry: PackEntry
}

extension Catalogue {
  /// Whether no chunk is known.
  func hasNoChunks() throws(SnapshotError) -> Bool {
    try read { db in try Bool.fetchOne(db, sql: "SELECT NOT EXISTS (SELECT * FROM chunk)") ?? false }
  }

  /// Every pack that the catalogue knows.
  package func packs() throws(SnapshotError) -> Set<ChunkID> {
    try read { db in Set(try Data.fetchAll(db, sql: "SELECT id FROM pack").map(ChunkID.init(column:))) }
  }

  /// The packs that the catalogue knows whose id begins with two hexadecimal digits.
  package func packs(inFolder prefix: String) throws(SnapshotError) -> Set<ChunkID> {
    guard let bytes = parseHexadecimal(prefix), let byte = bytes.first, bytes.count == 1 else { return [] }
    return try read { db in
      let low = Data([byte])
      let rows =
        byte == 255
        ? try Data.fetchAll(db, sql: "SELECT id FROM pack WHERE id >= ?", arguments: [low])
        : try Data.fetchAll(
          db, sql: "SELECT id FROM pack WHERE id >= ? AND id < ?", arguments: [low, Data([byte + 1])])
      return Set(rows.map(ChunkID.init(column:)))
    }
  }

  /// A pack with all that is in it; no table where that can't be read.
  package typealias KnownPack = (id: ChunkID, table: PackTable?)

  /// Adds packs, all at once. Nothing happens where one is known.
  /// - Parameter durable: Whether they are sure to outlive a power failure.
  package func add(packs: [KnownPack], durable: Bool) throws(SnapshotError) {
    guard !packs.isEmpty else { return }
    try write { db in
      var changes = FolderChanges()
      for pack in packs where try Self.add(pack, durable: durable, db) { changes.add(ObjectNames.pack(pack.id)) }
      try changes.record(db)
    }
  }

  package func add(pack id: ChunkID, _ table: PackTable?, durable: Bool) throws(SnapshotError) {
    try add(packs: [(id, table)], durable: durable)
  }

  /// - Returns: Whether it is new.
  private static func add(_ pack: KnownPack, durable: Bool, _ db: Database) throws -> Bool {
    try db.cachedStatement(sql: "INSERT OR IGNORE INTO pack (id, kind, created, durable) VALUES (?, ?, ?, ?)")
      .execute(arguments: [pack.id.data, pack.table?.kind.rawValue, pack.table?.created ?? 0, durable])
    guard db.changesCount > 0 else { return false }
    let key = db.lastInsertedRowID
    if let table = pack.table { try add(table, pack: key, db) }
    return true
  }

  private static func add(_ table: PackTable, pack key: Int64, _ db: Database) throws {
    let adder = try CopyAdder(db)
    for entry in table.entries.sorted(by: { $0.id < $1.id }) { try adder.add(entry, pack: key) }
  }

  /// The packs whose tables could not be read when the catalogue met them.
  func unreadPacks() throws(SnapshotError) -> [ChunkID] {
    try read { db in
      try Data.fetchAll(db, sql: "SELECT id FROM pack WHERE kind IS NULL").map(ChunkID.init(column:))
    }
  }

  /// Adds what is in packs that were known without it. Nothing happens where somebody else has added it.
  func complete(packs: [(id: ChunkID, table: PackTable)]) throws(SnapshotError) {
    guard !packs.isEmpty else { return }
    try write { db in
      for (id, table) in packs {
        let key = try Int64.fetchOne(
          db, sql: "SELECT key FROM pack WHERE id = ? AND kind IS NULL", arguments: [id.data])
        guard let key else { continue }
        try db.execute(
          sql: "UPDATE pack SET kind = ?, created = ? WHERE key = ?",
          arguments: [table.kind.rawValue, table.created, key])
        try Self.add(table, pack: key, db)
      }
    }
  }

  package func remove(packs ids: some Collection<ChunkID> & Sendable) throws(SnapshotError) {
    guard !ids.isEmpty else { return }
    try write { db in
      let chunks = try db.cachedStatement(sql: "DELETE FROM chunk WHERE pack = (SELECT key FROM pack WHERE id = ?)")
      let pack = try db.cachedStatement(sql: "DELETE FROM pack WHERE id = ?")
      var changes = FolderChanges()
      for id in ids {
        try chunks.execute(arguments: [id.data])
        try pack.execute(arguments: [id.data])
        if db.changesCount > 0 { changes.remove(ObjectNames.pack(id)) }
      }
      try changes.record(db)
    }
  }

  /// The packs among `ids` of which it is not sure that they outlive a power failure.
  package func unsecured(among ids: Set<ChunkID>) throws(SnapshotError) -> [ChunkID] {
    guard !ids.isEmpty else { return [] }
    return try read { db in
      try Data.fetchAll(db, sql: "SELECT id FROM pack WHERE durable = 0").map(ChunkID.init(column:))
        .filter(ids.contains)
    }
  }

  package func markDurable(_ ids: some Collection<ChunkID> & Sendable) throws(SnapshotError) {
    guard !ids.isEmpty else { return }
    try write { db in
      for id in ids { try Self.markDurable(id, db) }
    }
  }

  static func markDurable(_ id: ChunkID, _ db: Database) throws {
    try db.cachedStatement(sql: "UPDATE pack SET durable = 1 WHERE id = ? AND durable = 0")
      .execute(arguments: [id.data])
  }

  /// Looks for copies of chunks, any number of times, in the catalogue as it is at one moment.
  package func findCopies<Value: Sendable>(
    _ body: @Sendable (borrowing CopyFinder) throws -> Value
  ) throws(SnapshotError) -> Value {
    try read { db in
      let finder = try CopyFinder(db)
      defer { finder.end() }
      return try body(finder)
    }
  }

  /// What is in one pack, in the order of the offsets.
  package func entries(of pack: ChunkID) throws(SnapshotError) -> [PackEntry] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT c.id, c.length, c.offset, c.stored, c.codec, c.phase, c.depth, c.base, c.checksum
          FROM chunk c JOIN pack p ON p.key = c.pack WHERE p.id = ? ORDER BY c.offset
          """, arguments: [pack.data]
      ).map { row in
        // What does not fit is not what the pack's own table says, whatever becomes of it here.
        func integer<Integer: FixedWidthInteger>(_ column: Int) -> Integer {
          Integer(truncatingIfNeeded: Int64.fromDatabaseValue(row[column]) ?? 0)
        }
        return PackEntry(
          id: ChunkID(column: Data.fromDatabaseValue(row[0]) ?? Data()), length: integer(1), offset: integer(2),
          storedLength: integer(3), encoding: Encoding(Codec(rawValue: integer(4)) ?? .raw, phase: integer(5)),
          depth: integer(6), base: Data.fromDatabaseValue(row[7]).map(ChunkID.init(column:)), checksum: integer(8))
      }
    }
  }

  /// What a pack is of and when it was made; no kind where its table can't be read.
  package struct PackSummary: Hashable, Sendable {
    package var id: ChunkID
    package var kind: PackKind?
    package var created: Int64
    package var chunks: Int
    /// Bytes of stored chunks, without header, table and footer.
    package var storedBytes: UInt64
    package var plaintextBytes: UInt64
  }

  package func packSummaries() throws(SnapshotError) -> [PackSummary] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT p.id, p.kind, p.created, count(c.id), coalesce(sum(c.stored), 0), coalesce(sum(c.length), 0)
          FROM pack p LEFT JOIN chunk c ON c.pack = p.key GROUP BY p.key ORDER BY p.id
          """
      ).map { row in
        PackSummary(
          id: ChunkID(column: try row.decode(atIndex: 0)),
          kind: try row.decode(UInt8?.self, atIndex: 1).flatMap(PackKind.init), created: try row.decode(atIndex: 2),
          chunks: try row.decode(atIndex: 3), storedBytes: try row.decode(atIndex: 4),
          plaintextBytes: try row.decode(atIndex: 5))
      }
    }
  }

  /// Bytes of all chunks as they are stored.
  package func storedBytes() throws(SnapshotError) -> UInt64 {
    try read { db in UInt64(clamping: try Int64.fetchOne(db, sql: "SELECT coalesce(sum(stored), 0) FROM chunk") ?? 0) }
  }
}
