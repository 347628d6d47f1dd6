import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO

/// A file that several workers read at once, a segment each. The first opens it, the last puts the parts together.
final class SegmentedFile: Sendable {
  /// The index of its job.
  let job: Int

  private struct State {
    var opened: Result<OpenedFile, SnapshotWarning.Failure>?
    var segments: [ContentSegment?]
    var remaining: Int
  }

  private let state: Mutex<State>

  init(job: Int, segments: Int) {
    self.job = job
    state = Mutex(State(opened: nil, segments: Array(repeating: nil, count: segments), remaining: segments))
  }

  /// The open file: `open` is called by the first who asks.
  func opened(
    _ open: () throws(SnapshotWarning.Failure) -> OpenedFile
  ) throws(SnapshotWarning.Failure) -> OpenedFile {
    try state.withLock { state throws(SnapshotWarning.Failure) in
      if let opened = state.opened { return try opened.get() }
      do throws(SnapshotWarning.Failure) {
        let file = try open()
        state.opened = .success(file)
        return file
      } catch {
        state.opened = .failure(error)
        throw error
      }
    }
  }

  /// Adds what a worker has made of a segment; `nil` where nothing is left of it.
  /// - Returns: All segments, to the worker that brings the last one.
  func finish(_ index: Int, _ segment: ContentSegment?) -> [ContentSegment]? {
    state.withLock { state in
      state.segments[index] = segment
      state.remaining -= 1
      guard state.remaining == 0 else { return nil }
      return state.segments.compactMap { $0 }
    }
  }
}

/// An open file with what its first reader found out.
struct OpenedFile: Sendable {
  var handle: any FileBytes
  var status: FileStatus
  var chunking: Chunking
  var started: Timestamp
  var pageFingerprint: UInt64
  /// What the parent snapshot holds, by segment.
  var parentSegments: [ContentSegment]
}

extension SnapshotWarning {
  /// A warning that ends the reading of one file.
  struct Failure: Error { var warning: SnapshotWarning }
}
