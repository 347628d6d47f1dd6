/// Whether the index, the tables and the log of each collection fit each other.
struct CollectionCheck {
  private let connection: SQLiteConnection
  private let contents: any ChromaContents
  private let soundIndexes: Set<String>
  private var found = Finding()

  struct Finding {
    var problems: [HealthReport.Problem] = []
    /// How many records each collection's tables hold, by its id; `nil` where they can't be read.
    var records: [String: Int64]?
  }

  /// - Parameter soundIndexes: Index folders whose structure is known to be sound.
  static func run(
    _ file: any RandomAccessFile, _ contents: any ChromaContents, soundIndexes: Set<String>
  ) throws -> Finding {
    // What is no database at all is quick_check's to say.
    guard SQLiteHeader(try file.bytes(at: 0, count: SQLiteHeader.byteCount)) != nil else { return Finding() }
    do {
      return try SnapshotVFS.open(file).read { connection in
        var check = CollectionCheck(connection: connection, contents: contents, soundIndexes: soundIndexes)
        try check.run()
        return check.found
      }
    } catch let error as SQLiteError {
      return Finding(problems: [
        HealthReport.Problem(.sqliteDamage, "\(error)", path: ChromaDirectory.databaseName)
      ])
    }
  }

  private init(connection: SQLiteConnection, contents: any ChromaContents, soundIndexes: Set<String>) {
    self.connection = connection
    self.contents = contents
    self.soundIndexes = soundIndexes
  }

  private mutating func run() throws {
    guard try ChromaSchema.read(connection) != nil else {
      found.problems.append(
        HealthReport.Problem(.schema, "the database lacks Chroma's tables", path: ChromaDirectory.databaseName))
      return
    }
    let folders = Set(try contents.folders())
    let collections = try InventoryReader.collections(connection)
    found.records = Dictionary(collections.map { ($0.id, $0.records) }, uniquingKeysWith: { first, _ in first })
    for collection in collections {
      guard !collection.vectorSegment.isEmpty, !collection.metadataSegment.isEmpty else {
        note(.schema, "the collection lacks a segment", collection)
        continue
      }
      try check(collection, hasFolder: folders.contains(collection.vectorSegment))
    }
  }

  private mutating func note(
    _ code: HealthReport.Problem.Code, _ message: String, _ collection: CollectionInventory, path: String? = nil
  ) {
    found.problems.append(HealthReport.Problem(code, message, collection: collection.name, path: path))
  }

  private mutating func check(_ collection: CollectionInventory, hasFolder: Bool) throws {
    let folder = collection.vectorSegment
    var files: HNSWValidator.Files = [:]
    if hasFolder { for name in HNSWFile.allCases { files[name] = try contents.file(name.rawValue, in: folder) } }
    let index = try HNSWValidator.check(
      files, dimension: collection.dimension, isSound: soundIndexes.contains(folder))
    for problem in index.problems {
      note(.hnsw, problem.message, collection, path: "\(folder)/\(problem.file.rawValue)")
    }
    let vector = collection.vectorSequence ?? index.metadata?.sequenceNumber
    if let vector, vector > 0, index.metadata == nil, files[.metadata] == nil {
      // The log is purged up to here, so the vectors are nowhere else.
      return note(.missingIndex, "its HNSW index is missing, up to log record \(vector)", collection, path: folder)
    }
    // Without a readable id map there is nothing to compare.
    if files[.metadata] != nil, index.metadata == nil { return }
    try compare(collection, index.metadata?.idHashes ?? [], vector: vector ?? 0)
  }

  private mutating func compare(
    _ collection: CollectionInventory, _ indexed: [UInt64], vector: Int64
  ) throws(SQLiteError) {
    let log = try LogTail(connection, collection, above: min(vector, collection.metadataSequence ?? 0))
    var index = indexed.filter { !log.ids.contains($0) }
    var tables: [UInt64] = []
    var unlogged = 0
    var statement = try connection.prepare("SELECT embedding_id, seq_id FROM embeddings WHERE segment_id = ?")
    try statement.bind(collection.metadataSegment, at: 1)
    while try statement.step() {
      let id = unsafe statement.withBytes(0) { unsafe IDHasher.hash($0) }
      if !log.ids.contains(id) { tables.append(id) }
      if let sequence = statement.sequenceNumber(1), sequence > vector, !log.sequences.contains(sequence) {
        unlogged += 1
      }
    }
    index.sort()
    tables.sort()
    let (onlyIndex, onlyTables) = Self.difference(index, tables)
    if onlyIndex + onlyTables > 0 {
      note(
        .recordMismatch,
        "\(onlyIndex) records only in the HNSW index, \(onlyTables) only in the tables (log records \(vector), "
          + "\(collection.metadataSequence ?? 0))", collection, path: collection.vectorSegment)
    }
    if unlogged > 0 {
      note(
        .logGap, "\(unlogged) records are newer than the HNSW index (log record \(vector)), and the log lacks them",
        collection, path: ChromaDirectory.databaseName)
    }
  }

  /// How many stand only in the one, and only in the other, of two sorted lists.
  private static func difference(_ a: [UInt64], _ b: [UInt64]) -> (Int, Int) {
    var (i, j, onlyA, onlyB) = (0, 0, 0, 0)
    while i < a.count, j < b.count {
      if a[i] == b[j] {
        i += 1
        j += 1
      } else if a[i] < b[j] {
        i += 1
        onlyA += 1
      } else {
        j += 1
        onlyB += 1
      }
    }
    return (onlyA + a.count - i, onlyB + b.count - j)
  }
}
