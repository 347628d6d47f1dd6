/// The log records of one collection above a sequence number.
struct LogTail {
  /// Hashes of the ids that they are about.
  var ids: Set<UInt64> = []
  var sequences: Set<Int64> = []

  init(_ connection: SQLiteConnection, _ collection: CollectionInventory, above start: Int64) throws(SQLiteError) {
    var statement = try connection.prepare(
      "SELECT seq_id, id FROM embeddings_queue WHERE seq_id > ? AND topic LIKE '%/' || ?")
    try statement.bind(start, at: 1)
    try statement.bind(collection.id, at: 2)
    while try statement.step() {
      sequences.insert(statement.integer(0))
      ids.insert(unsafe statement.withBytes(1) { unsafe IDHasher.hash($0) })
    }
  }
}
