import ChromaDB
import Dispatch
import Synchronization
import SystemIO

/// What the tables of a captured database say, read on a thread of its own while the last packs go to the disk.
final class TablesReading: Sendable {
  private let done = DispatchGroup()
  private let found = Mutex<Inventory?>(nil)

  /// - Returns: `nil` where the database was not read.
  init?(_ captured: CapturedDatabase?) {
    guard let captured, captured.size > 0 else { return nil }
    let priority = ThreadPriority.current
    DispatchQueue.global().async(group: done) { [self] in
      priority.adopt()
      // Whatever fails here is met again, and told, where the snapshot itself is read.
      let inventory = try? SnapshotVFS.open(captured).read { connection in
        // Each page is looked at once, and first touching memory takes longer than reading it again.
        try connection.execute("PRAGMA cache_size = -128")
        return try InventoryReader.tables(connection)
      }
      found.withLock { $0 = inventory }
    }
  }

  /// Waits until they are read; `nil` where they can't be read before the snapshot can.
  func wait() -> Inventory? {
    done.wait()
    return found.withLock { $0 }
  }
}
