import Dispatch
import ObjectStorage
import SnapshotFormat
import Synchronization
import SystemIO

/// Writes packs, and makes them durable, on threads of its own, in their order, while the next ones fill: the disk would
/// keep a processor waiting. One per pack writer.
final class PackCommitter: Sendable {
  private let repository: Repository
  private let index: ChunkIndex?
  private let writing = DispatchQueue(label: "packs are written")
  private let committing = DispatchQueue(label: "packs become durable")
  private let priority = ThreadPriority.current
  /// Buffers that may be on their way at once: with fewer, workers would wait whenever the disk pauses; with more, memory
  /// and disk would drift apart.
  private let roomForBuffers = DispatchSemaphore(value: 4)
  /// Packs that may be becoming durable at once.
  private let roomForPacks = DispatchSemaphore(value: 2)
  private let free = Mutex<[PackBuffer]>([])
  private let failure = Mutex<SnapshotError?>(nil)

  /// - Parameter index: Where the chunks were claimed; `nil` for copies of what is known.
  init(_ repository: Repository, index: ChunkIndex?) {
    self.repository = repository
    self.index = index
  }

  /// A buffer to fill and give to `append`.
  func buffer() -> PackBuffer { free.withLock { $0.popLast() } ?? PackBuffer() }

  /// Takes over a buffer whose bytes come next in an object. Waits where too many are on their way.
  func append(_ buffer: PackBuffer, to object: any ObjectWriter) {
    // Nobody else touches it before `wait` has returned.
    nonisolated(unsafe) let object = object
    roomForBuffers.wait()
    writing.async { [self] in
      priority.adopt()
      attempt { () throws(SnapshotError) in
        try storing("writing a pack") { () throws(StoreError) in
          let view = unsafe buffer.bytes.pointer.bytes
          try unsafe object.append(view)
        }
      }
      free.withLock { $0.append(buffer) }
      roomForBuffers.signal()
    }
  }

  /// Takes over a pack of which all but its tail was handed over.
  func commit(_ object: any ObjectWriter, _ tail: [UInt8], _ id: ChunkID, _ table: PackTable) {
    nonisolated(unsafe) let object = object
    writing.async { [self] in
      roomForPacks.wait()
      committing.async { [self] in
        priority.adopt()
        attempt { () throws(SnapshotError) in
          try storing("writing a pack") { () throws(StoreError) in
            try unsafe object.append(tail.rawSpan)
            try unsafe object.commit(as: ObjectNames.pack(id))
          }
          try repository.catalogue.add(pack: id, table, durable: true)
          index?.finish(table.entries.lazy.map(\.id))
        }
        // Does nothing to what was committed.
        unsafe object.discard()
        roomForPacks.signal()
      }
    }
  }

  /// After a failure nothing is written any more: a pack may hold patches to chunks of the one before.
  private func attempt(_ body: () throws(SnapshotError) -> Void) {
    guard failure.withLock({ $0 == nil }) else { return }
    do throws(SnapshotError) { try body() } catch { failure.withLock { $0 = error } }
  }

  /// Throws what went wrong with a pack that was handed over before.
  func check() throws(SnapshotError) {
    if let error = failure.withLock({ $0 }) { throw error }
  }

  /// Waits until nothing is under way.
  func wait() {
    writing.sync {}
    committing.sync {}
  }
}
