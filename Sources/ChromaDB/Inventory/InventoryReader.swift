/// Reads the inventory of a Chroma database, of 0.4 to 1.x: what a version lacks is asked for nowhere.
package enum InventoryReader {
  /// - Parameters:
  ///   - connection: A database that nobody writes to meanwhile, or a transaction.
  ///   - contents: Where the HNSW files are, for their sizes, and for the sequence numbers that Chroma 0.4 keeps in
  ///     them.
  /// - Returns: `nil` where it is not Chroma's.
  /// - Complexity: O(records) for the counts, by an index.
  package static func read(
    _ connection: SQLiteConnection, contents: (any ChromaContents)? = nil
  ) throws -> Inventory? {
    guard var inventory = try tables(connection) else { return nil }
    guard let contents else { return inventory }
    try measure(&inventory, contents)
    for i in inventory.collections.indices where inventory.collections[i].vectorSequence == nil {
      guard let sequence = try sequenceInPickle(inventory.collections[i], contents) else { continue }
      inventory.collections[i].vectorSequence = sequence
      inventory.collections[i].backlog = try backlog(inventory.collections[i], connection)
    }
    return inventory
  }

  /// What the tables alone say. A collection without a vector sequence number may have one in its index (0.4), and less of
  /// a backlog.
  package static func tables(_ connection: SQLiteConnection) throws -> Inventory? {
    guard let schema = try ChromaSchema.read(connection) else { return nil }
    var collections = try collections(connection)
    for i in collections.indices { collections[i].backlog = try backlog(collections[i], connection) }
    return Inventory(schema: schema, collections: collections)
  }

  /// Adds the sizes of the indexes.
  package static func measure(_ inventory: inout Inventory, _ contents: any ChromaContents) throws {
    for i in inventory.collections.indices {
      inventory.collections[i].indexBytes = try HNSWFile.allCases.reduce(0) { sum, name in
        sum + (try contents.size(of: name.rawValue, in: inventory.collections[i].vectorSegment) ?? 0)
      }
    }
  }

  static func collections(_ connection: SQLiteConnection) throws(SQLiteError) -> [CollectionInventory] {
    let columns = try connection.columns(of: "collections")
    let hasDatabases = columns.contains("database_id")
    let configuration = columns.contains("config_json_str") ? "nullif(c.config_json_str, '{}')" : "NULL"
    let schema = columns.contains("schema_str") ? "c.schema_str" : "NULL"
    var statement = try connection.prepare(
      """
      SELECT \(hasDatabases ? "d.tenant_id, d.name" : "'default_tenant', 'default_database'"), c.name, c.id,
        \(columns.contains("dimension") ? "c.dimension" : "NULL"), v.id, m.id,
        (SELECT count(*) FROM embeddings e WHERE e.segment_id = m.id), hv.seq_id, mv.seq_id,
        \(configuration), \(schema)
      FROM collections c \(hasDatabases ? "LEFT JOIN databases d ON d.id = c.database_id" : "")
      LEFT JOIN segments v ON v.collection = c.id AND v.scope = 'VECTOR'
      LEFT JOIN segments m ON m.collection = c.id AND m.scope = 'METADATA'
      LEFT JOIN max_seq_id hv ON hv.segment_id = v.id LEFT JOIN max_seq_id mv ON mv.segment_id = m.id
      ORDER BY 1, 2, 3
      """)
    var result: [CollectionInventory] = []
    while try statement.step() {
      let id = statement.text(3) ?? ""
      let settings = try HNSWSettings.read(
        connection, collection: id, configuration: statement.text(10), schema: statement.text(11))
      result.append(
        CollectionInventory(
          tenant: statement.text(0) ?? "", database: statement.text(1) ?? "", name: statement.text(2) ?? "", id: id,
          dimension: statement.isNull(4) ? nil : Int(statement.integer(4)),
          distance: settings["space"] ?? "l2", records: statement.integer(7), backlog: 0,
          settings: settings.filter { $0.key != "space" }, vectorSegment: statement.text(5) ?? "",
          metadataSegment: statement.text(6) ?? "", vectorSequence: statement.sequenceNumber(8),
          metadataSequence: statement.sequenceNumber(9)))
    }
    return result
  }

  private static func sequenceInPickle(
    _ collection: CollectionInventory, _ contents: any ChromaContents
  ) throws -> Int64? {
    guard let file = try contents.file(HNSWFile.metadata.rawValue, in: collection.vectorSegment) else { return nil }
    // A damaged pickle is for the health check to report.
    do { return try PickleReader.read(file).sequenceNumber } catch is PickleError { return nil }
  }

  private static func backlog(
    _ collection: CollectionInventory, _ connection: SQLiteConnection
  ) throws(SQLiteError) -> Int64 {
    var statement = try connection.prepare(
      "SELECT count(*) FROM embeddings_queue WHERE seq_id > ? AND topic LIKE '%/' || ?")
    try statement.bind(collection.vectorSequence ?? 0, at: 1)
    try statement.bind(collection.id, at: 2)
    return try statement.step() ? statement.integer(0) : 0
  }
}
