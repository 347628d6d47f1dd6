import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO

/// The workers of one snapshot: made when they are needed, kept with their buffers and open packs until the snapshot ends.
final class WorkerPool: Sendable {
  // Used by one thread at a time: whoever has taken it out of the pool.
  private final class Slot: @unchecked Sendable {
    var worker: FileWorker
    init(_ worker: consuming FileWorker) { self.worker = worker }
  }

  private let idle = Mutex<[Slot]>([])
  private let make: @Sendable () -> FileWorker

  init(_ make: @escaping @Sendable () -> FileWorker) { self.make = make }

  /// Calls `body` with a worker that nobody else has.
  func withWorker<Result>(
    _ body: (inout FileWorker) throws(SnapshotError) -> Result
  ) throws(SnapshotError) -> Result {
    let slot = idle.withLock { $0.popLast() } ?? Slot(make())
    defer { idle.withLock { $0.append(slot) } }
    return try body(&slot.worker)
  }

  /// What the workers have stored.
  struct Totals: Sendable {
    var packs: [ChunkID] = []
    var bytesRead: UInt64 = 0
    var bytesStored: UInt64 = 0
    var chunksNew = 0
    var patchesNew = 0
  }

  /// Closes the open packs of data, once all files are read: they become durable while the trees are put together.
  func closeData() throws(SnapshotError) {
    for slot in try gathered() { try slot.worker.writer.closeData() }
  }

  /// Finishes all open packs, side by side. They are durable when this returns.
  func finish() throws(SnapshotError) {
    let slots = try gathered()
    try parallelLoop(items: slots.count) { (next: () -> Int?) throws(SnapshotError) in
      while let i = next() { try slots[i].worker.writer.finish() }
    }
  }

  /// The workers, after one of them has taken over the packs that others have only begun.
  private func gathered() throws(SnapshotError) -> [Slot] {
    let slots = idle.withLock { $0 }
    for slot in slots.dropFirst() { try slots[0].worker.writer.absorb(slot.worker.writer) }
    return slots
  }

  var totals: Totals {
    idle.withLock { slots in
      slots.reduce(into: Totals()) { totals, slot in
        totals.packs += slot.worker.writer.packs
        totals.bytesRead += slot.worker.bytesRead
        totals.bytesStored += slot.worker.writer.bytesStored
        totals.chunksNew += slot.worker.writer.chunksNew
        totals.patchesNew += slot.worker.writer.patchesNew
      }
    }
  }
}
