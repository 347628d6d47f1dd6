import Synchronization
import SystemIO

/// Makes a file ready from its start to its end, beside whoever reads it in another order.
///
/// SQLite walks a table or an index by its keys: where the file is not in memory, each page is a wait for the disk, and one
/// that exists only as chunks is decoded meanwhile by a second thread.
final class ReadAhead: Sendable {
  /// Bytes that are asked for at once: few enough that `stop` is not kept waiting.
  private static let pieceBytes: UInt64 = 8 << 20

  private let isOver: Flag
  private let work: Background<Void>

  private final class Flag: Sendable { let value = Atomic<Bool>(false) }

  init(_ file: any RandomAccessFile) {
    let isOver = Flag()
    self.isOver = isOver
    work = Background {
      var offset: UInt64 = 0
      while offset < file.size, !isOver.value.load(ordering: .relaxed) {
        file.prefetch(offset: offset, count: Self.pieceBytes)
        offset += Self.pieceBytes
      }
    }
  }

  /// Ends it. The file is not used any more then.
  func stop() {
    isOver.value.store(true, ordering: .relaxed)
    work.wait()
  }
}
