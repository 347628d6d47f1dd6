package import SnapshotRepository
import Synchronization
import SystemIO

/// What a running verb has done so far, for whoever watches, and where it is told to stop.
///
/// A verb counts here; a progress display reads now and then. Nothing is called back, so watching costs the work nothing.
public final class Activity: Sendable {
  private let filesDoneCount = Atomic<Int>(0)
  private let bytesDoneCount = Atomic<UInt64>(0)
  private let filesTotalCount = Atomic<Int>(0)
  private let bytesTotalCount = Atomic<UInt64>(0)
  private let cancelled = Atomic<Bool>(false)
  private let stopwatch = Stopwatch()

  private let isInterrupted: @Sendable () -> Bool

  /// - Parameter isInterrupted: Asked now and then, from any thread: whether the verb is to end.
  public init(isInterrupted: @escaping @Sendable () -> Bool = { false }) { self.isInterrupted = isInterrupted }

  /// A moment's figures.
  public struct Figures: Sendable {
    public var filesDone: Int
    public var filesTotal: Int
    public var bytesDone: UInt64
    public var bytesTotal: UInt64
    public var secondsElapsed: Double

    /// 0 to 1, by bytes where there are any.
    public var fractionDone: Double {
      if bytesTotal > 0 { return min(1, Double(bytesDone) / Double(bytesTotal)) }
      return filesTotal > 0 ? min(1, Double(filesDone) / Double(filesTotal)) : 0
    }
  }

  public var figures: Figures {
    Figures(
      filesDone: filesDoneCount.load(ordering: .relaxed), filesTotal: filesTotalCount.load(ordering: .relaxed),
      bytesDone: bytesDoneCount.load(ordering: .relaxed), bytesTotal: bytesTotalCount.load(ordering: .relaxed),
      secondsElapsed: stopwatch.seconds)
  }

  /// Asks the verb to end at the next good moment, with the error `cancelled` and nothing half-done left behind.
  public func cancel() { cancelled.store(true, ordering: .relaxed) }

  package func expect(files: Int = 0, bytes: UInt64 = 0) {
    filesTotalCount.add(files, ordering: .relaxed)
    bytesTotalCount.add(bytes, ordering: .relaxed)
  }

  package func did(files: Int = 0, bytes: UInt64 = 0) {
    filesDoneCount.add(files, ordering: .relaxed)
    bytesDoneCount.add(bytes, ordering: .relaxed)
  }

  /// Whether somebody has asked to end.
  package var isCancelled: Bool { cancelled.load(ordering: .relaxed) || isInterrupted() }

  /// Throws where somebody has asked to end.
  package func checkpoint() throws(SnapshotError) {
    if isCancelled { throw SnapshotError(.cancelled, "interrupted") }
  }
}
