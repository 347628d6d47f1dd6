import SystemIO

/// Reads some records of each collection back as a client would get them: vectors and documents, picked at random.
///
/// Goes beyond what the structure of the files tells: a vector must be of finite numbers of the collection's dimension,
/// of length 1 where the distance is cosine, and belong to a record; a document must be the one that full text search
/// finds.
package struct RecordSample {
  package private(set) var vectors = 0
  package private(set) var documents = 0
  package private(set) var problems: [HealthReport.Problem] = []

  private let connection: SQLiteConnection
  private let contents: any ChromaContents
  private let count: Int

  /// - Parameters:
  ///   - contents: A directory that nobody writes to, found healthy.
  ///   - count: Records of each collection.
  ///   - generator: Picks them.
  /// - Throws: What reading the files throws; what is wrong with them is in `problems`.
  /// - Complexity: O(records) for finding them by their ids.
  package static func read(
    _ contents: any ChromaContents, count: Int = 25, using generator: inout some RandomNumberGenerator
  ) throws -> RecordSample? {
    guard let file = try contents.file(ChromaDirectory.databaseName, in: nil) else { return nil }
    return try SnapshotVFS.open(file).read { connection in
      guard try ChromaSchema.read(connection) != nil else { return nil }
      var sample = RecordSample(connection: connection, contents: contents, count: count)
      for collection in try InventoryReader.collections(connection) { try sample.read(collection, &generator) }
      return sample
    }
  }

  private init(connection: SQLiteConnection, contents: any ChromaContents, count: Int) {
    self.connection = connection
    self.contents = contents
    self.count = count
  }

  private mutating func note(_ message: String, _ collection: CollectionInventory, path: String? = nil) {
    problems.append(HealthReport.Problem(.sample, message, collection: collection.name, path: path))
  }

  private mutating func read(
    _ collection: CollectionInventory, _ generator: inout some RandomNumberGenerator
  ) throws {
    let folder = collection.vectorSegment
    var sequence = collection.vectorSequence
    if let pickle = try contents.file(HNSWFile.metadata.rawValue, in: folder) {
      let metadata = try PickleReader.read(pickle)
      sequence = sequence ?? metadata.sequenceNumber
      let labels = try readVectors(collection, &generator)
      try readRecords(of: labels, metadata, collection, since: sequence ?? 0)
    }
    try readLog(collection, since: sequence ?? 0)
  }

  // MARK: From the index

  /// Reads vectors at random places of the index.
  /// - Returns: The labels of their records.
  private mutating func readVectors(
    _ collection: CollectionInventory, _ generator: inout some RandomNumberGenerator
  ) throws -> Set<UInt64> {
    let folder = collection.vectorSegment
    guard let headerFile = try contents.file(HNSWFile.header.rawValue, in: folder),
      let header = HNSWHeader(try headerFile.bytes(at: 0, count: HNSWHeader.byteCount)),
      let data = try contents.file(HNSWFile.data.rawValue, in: folder)
    else { return [] }
    var labels: Set<UInt64> = []
    let path = "\(folder)/\(HNSWFile.data.rawValue)"
    for place in Self.places(min(count, Int(header.count)), below: Int(header.count), &generator) {
      let record = try data.bytes(at: UInt64(place) * header.stride, count: Int(header.stride))
      guard record.count == Int(header.stride) else {
        note("the vectors end before element \(place)", collection, path: path)
        continue
      }
      let isDeleted = record[2] & 1 != 0
      if isDeleted { continue }
      let start = Int(header.vectorOffset)
      check(record[start..<start + 4 * header.dimension], collection, isStored: true, path)
      labels.insert(record[Int(header.labelOffset)...].reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }
    return labels
  }

  /// Different places, in rising order.
  private static func places(
    _ count: Int, below end: Int, _ generator: inout some RandomNumberGenerator
  ) -> [Int] {
    var picked: Set<Int> = []
    while picked.count < count { picked.insert(.random(in: 0..<end, using: &generator)) }
    return picked.sorted()
  }

  /// - Parameter isStored: Whether it is as the index holds it, of length 1 where the distance is cosine.
  private mutating func check(
    _ bytes: ArraySlice<UInt8>, _ collection: CollectionInventory, isStored: Bool, _ path: String
  ) {
    vectors += 1
    var sum = 0.0
    for at in stride(from: bytes.startIndex, to: bytes.endIndex - 3, by: 4) {
      let bits = bytes[at..<at + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      sum += Double(Float(bitPattern: bits)) * Double(Float(bitPattern: bits))
    }
    // The dimension is whatever the table says.
    if let dimension = collection.dimension, bytes.count % 4 != 0 || bytes.count / 4 != dimension {
      note("a vector has \(bytes.count) bytes, where it should be \(dimension) numbers", collection, path: path)
    } else if !sum.isFinite {
      note("a vector holds what is no number", collection, path: path)
    } else if isStored, collection.distance == "cosine", sum > 0, abs(sum - 1) > 0.01 {
      note("a vector of length \(sum.squareRoot()) where all have length 1", collection, path: path)
    }
  }

  // MARK: From the tables

  /// Finds the records that labels stand for, and reads their documents.
  private mutating func readRecords(
    of labels: Set<UInt64>, _ metadata: IndexMetadata, _ collection: CollectionInventory, since sequence: Int64
  ) throws {
    var wanted: Set<UInt64> = []
    for (label, id) in zip(metadata.labels, metadata.idHashes) where labels.contains(label) { wanted.insert(id) }
    if wanted.count < labels.count {
      note("\(labels.count - wanted.count) of \(labels.count) vectors belong to no id", collection)
    }
    // What the log still holds of them may have removed them from the tables.
    wanted.subtract(try LogTail(connection, collection, above: min(sequence, collection.metadataSequence ?? 0)).ids)
    var found: [Int64] = []
    var statement = try connection.prepare("SELECT id, embedding_id FROM embeddings WHERE segment_id = ?")
    try statement.bind(collection.metadataSegment, at: 1)
    while try statement.step() {
      let id = unsafe statement.withBytes(1) { unsafe IDHasher.hash($0) }
      if wanted.contains(id) { found.append(statement.integer(0)) }
    }
    if found.count < wanted.count {
      note("\(wanted.count - found.count) of \(wanted.count) vectors belong to no record", collection)
    }
    for row in found { try readDocument(row, collection) }
  }

  private mutating func readDocument(_ row: Int64, _ collection: CollectionInventory) throws {
    guard
      let document = try text(
        "SELECT string_value FROM embedding_metadata WHERE id = ? AND key = 'chroma:document'", row)
    else { return }
    documents += 1
    // The shadow table of the full text index: read as a plain one, it needs no tokenizer.
    let table = "embedding_fulltext_search_content"
    guard try connection.hasTable(table) else { return }
    if try text("SELECT c0 FROM \(table) WHERE id = ?", row) != document {
      note("the document of record \(row) is not what full text search knows", collection)
    }
  }

  private func text(_ sql: String, _ row: Int64) throws -> [UInt8]? {
    var statement = try connection.prepare(sql)
    try statement.bind(row, at: 1)
    guard try statement.step(), !statement.isNull(0) else { return nil }
    return unsafe statement.withBytes(0) { unsafe [UInt8]($0) }
  }

  // MARK: From the log

  /// Reads vectors that the index does not hold yet.
  private mutating func readLog(_ collection: CollectionInventory, since sequence: Int64) throws {
    var statement = try connection.prepare(
      """
      SELECT vector, encoding FROM embeddings_queue
      WHERE seq_id > ? AND topic LIKE '%/' || ? AND vector IS NOT NULL ORDER BY random() LIMIT ?
      """)
    try statement.bind(sequence, at: 1)
    try statement.bind(collection.id, at: 2)
    try statement.bind(Int64(count), at: 3)
    while try statement.step() {
      guard statement.text(1) == "FLOAT32" else { continue }
      let bytes = unsafe statement.withBytes(0) { unsafe [UInt8]($0) }
      check(bytes[...], collection, isStored: false, ChromaDirectory.databaseName)
    }
  }
}
