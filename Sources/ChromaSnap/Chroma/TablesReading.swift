import ChromaDB
import SystemIO

/// What the tables of a captured database say, read in the background while the last packs go to the disk.
struct TablesReading {
  private let found: Background<Inventory?>

  /// - Returns: `nil` where the database was not read.
  init?(_ captured: CapturedDatabase?) {
    guard let captured, captured.size > 0 else { return nil }
    found = Background {
      // Whatever fails here is met again, and told, where the snapshot itself is read.
      try? SnapshotVFS.open(captured).read { connection in
        // Each page is looked at once, and first touching memory takes longer than reading it again.
        try connection.execute("PRAGMA cache_size = -128")
        return try InventoryReader.tables(connection)
      }
    }
  }

  /// Waits until they are read; `nil` where they can't be read before the snapshot can.
  func wait() -> Inventory? { found.wait() }
}
