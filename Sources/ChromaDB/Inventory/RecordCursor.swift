/// The records of one collection in the order of their ids' bytes, one at a time.
///
/// The order comes from an index that Chroma keeps, so nothing is sorted or held in memory.
package struct RecordCursor: ~Copyable {
  package struct Record: Hashable, Sendable {
    package var id: String
    /// The log record that wrote it last: another number, another content.
    package var sequence: Int64
  }

  private var statement: SQLiteStatement

  package init(_ connection: SQLiteConnection, collection: CollectionInventory) throws(SQLiteError) {
    var prepared = try connection.prepare(
      "SELECT embedding_id, seq_id FROM embeddings WHERE segment_id = ? ORDER BY embedding_id")
    try prepared.bind(collection.metadataSegment, at: 1)
    statement = prepared
  }

  package mutating func next() throws(SQLiteError) -> Record? {
    guard try statement.step() else { return nil }
    return Record(id: statement.text(0) ?? "", sequence: statement.sequenceNumber(1) ?? 0)
  }
}

/// What became of a record between two snapshots.
package enum RecordChange: String, Sendable { case added, changed, removed }

/// Goes through two snapshots of a collection side by side.
package enum RecordComparison {
  /// How many records changed how.
  package struct Counts: Hashable, Sendable {
    package var added: Int64 = 0
    package var changed: Int64 = 0
    package var removed: Int64 = 0
    package init() {}
  }

  /// Calls `each` with every id that differs, in the order of their bytes. Sequence numbers only ever rise within a
  /// database; between databases, equal numbers prove nothing, and the counts are only as good as that. O(records).
  package static func run(
    old: consuming RecordCursor, new: consuming RecordCursor, each: (RecordChange, String) -> Void = { _, _ in }
  ) throws(SQLiteError) -> Counts {
    var counts = Counts()
    var before = try old.next()
    var after = try new.next()
    while before != nil || after != nil {
      if let a = before, let b = after, a.id == b.id {
        if a.sequence != b.sequence {
          counts.changed += 1
          each(.changed, a.id)
        }
        (before, after) = (try old.next(), try new.next())
      } else if let a = before, after.map({ nameOrder(a.id, $0.id) }) ?? true {
        counts.removed += 1
        each(.removed, a.id)
        before = try old.next()
      } else if let b = after {
        counts.added += 1
        each(.added, b.id)
        after = try new.next()
      }
    }
    return counts
  }

  /// SQLite's order of texts: by their bytes.
  private static func nameOrder(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
}
