import ChromaDB
import SnapshotRepository

/// Says, collection by collection, which records two snapshots of a Chroma directory do not share.
struct CollectionComparison {
  let listsRecords: Bool

  /// Goes through the records of both side by side. O(records).
  func run(
    _ before: SnapshotContents, _ after: SnapshotContents
  ) throws(SnapshotError) -> [CompareSnapshots.CollectionDifference] {
    do {
      guard let old = try before.file(ChromaDirectory.databaseName, in: nil),
        let new = try after.file(ChromaDirectory.databaseName, in: nil)
      else { return [] }
      let (oldDatabase, newDatabase) = (try SnapshotVFS.open(old), try SnapshotVFS.open(new))
      return try oldDatabase.read { old in try newDatabase.read { new in try compare(old, new) } }
    } catch let error as SnapshotError { throw error } catch {
      throw SnapshotError(
        .damaged, "the records could not be compared: \(error)", hint: "Look with `chromasnap health`.")
    }
  }

  private func compare(
    _ old: SQLiteConnection, _ new: SQLiteConnection
  ) throws -> [CompareSnapshots.CollectionDifference] {
    guard let before = try InventoryReader.read(old), let after = try InventoryReader.read(new) else { return [] }
    let known = Dictionary(before.collections.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    var found: [CompareSnapshots.CollectionDifference] = []
    for collection in after.collections {
      var difference = CompareSnapshots.CollectionDifference(name: collection.name, id: collection.id)
      if let earlier = known[collection.id] {
        if earlier.name != collection.name { difference.nameBefore = earlier.name }
        let counts = try RecordComparison.run(
          old: RecordCursor(old, collection: earlier), new: RecordCursor(new, collection: collection)
        ) { change, id in
          if listsRecords, let change = CompareSnapshots.Change(rawValue: change.rawValue) {
            difference.records.append((change, id))
          }
        }
        (difference.added, difference.changed, difference.removed) = (counts.added, counts.changed, counts.removed)
      } else {
        difference.change = .added
        difference.added = collection.records
        if listsRecords { difference.records = try ids(of: collection, new).map { (.added, $0) } }
      }
      found.append(difference)
    }
    let remaining = Set(after.collections.map(\.id))
    for collection in before.collections where !remaining.contains(collection.id) {
      var difference = CompareSnapshots.CollectionDifference(name: collection.name, id: collection.id)
      difference.change = .removed
      difference.removed = collection.records
      if listsRecords { difference.records = try ids(of: collection, old).map { (.removed, $0) } }
      found.append(difference)
    }
    return
      found.filter { $0.change != .changed || $0.nameBefore != nil || $0.added + $0.changed + $0.removed > 0 }
      .sorted { ($0.name, $0.id) < ($1.name, $1.id) }
  }

  private func ids(of collection: CollectionInventory, _ connection: SQLiteConnection) throws -> [String] {
    var cursor = try RecordCursor(connection, collection: collection)
    var ids: [String] = []
    while let record = try cursor.next() { ids.append(record.id) }
    return ids
  }
}
