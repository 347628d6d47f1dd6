import Dispatch
import ObjectStorage
import SnapshotFormat
import Synchronization
import SystemIO

/// Makes full packs durable on a thread of its own, in their order, while the next one fills: an fsync would keep a
/// processor waiting. One per pack writer.
final class PackCommitter: Sendable {
  private let repository: Repository
  private let index: ChunkIndex?
  private let queue = DispatchQueue(label: "packs")
  private let priority = ThreadPriority.current
  /// Packs that wait for the disk: no more than these, or memory and disk would drift apart.
  private let room = DispatchSemaphore(value: 2)
  private let failure = Mutex<SnapshotError?>(nil)

  /// - Parameter index: Where the chunks were claimed; `nil` for copies of what is known.
  init(_ repository: Repository, index: ChunkIndex?) {
    self.repository = repository
    self.index = index
  }

  /// Takes over a pack that is written whole. Waits where too many are under way.
  func commit(_ object: any ObjectWriter, _ id: ChunkID, _ table: PackTable) {
    // Nobody else touches the object from here on.
    nonisolated(unsafe) let object = object
    room.wait()
    queue.async { [self] in
      priority.adopt()
      unsafe finish(object, id, table)
      room.signal()
    }
  }

  /// After a failure nothing is committed any more: a pack may hold patches to chunks of the one before.
  private func finish(_ object: any ObjectWriter, _ id: ChunkID, _ table: PackTable) {
    guard failure.withLock({ $0 == nil }) else { return object.discard() }
    do throws(SnapshotError) {
      try storing("writing a pack") { () throws(StoreError) in try object.commit(as: ObjectNames.pack(id)) }
      try repository.catalogue.add(pack: id, table, durable: true)
      index?.finish(table.entries.lazy.map(\.id))
    } catch { failure.withLock { $0 = error } }
  }

  /// Throws what went wrong with a pack that was handed over before.
  func check() throws(SnapshotError) {
    if let error = failure.withLock({ $0 }) { throw error }
  }

  /// Waits until nothing is under way.
  func wait() { queue.sync {} }
}
