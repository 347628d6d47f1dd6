import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO

/// A file that several workers read at once, a stretch of a segment each. The first opens it; the last of a segment puts
/// its parts together, and the last of all the file's.
final class SegmentedFile: Sendable {
  /// The index of its job.
  let job: Int

  /// What one worker takes at a time.
  struct Stretch: Sendable {
    var segment: Int
    /// Among the segment's.
    var number: Int
  }

  /// What was read of a stretch, or of a segment.
  struct Reading: Sendable {
    var chunks: [ChunkList.Child] = []
    /// By chunk.
    var fingerprints: [LastingFingerprint] = []
  }

  private struct Segment {
    /// What the parent holds of it, once someone has asked.
    var bases: ParentChunks?
    var readings: [Reading]
    var remaining: Int
    var stored: ContentSegment?
  }

  private struct State {
    var opened: Result<OpenedFile, SnapshotWarning.Failure>?
    var segments: [Segment]
    var remaining: Int
    /// Why it can't be read.
    var failure: SnapshotWarning.Failure?
  }

  private let state: Mutex<State>
  private let parameters: ChunkingParameters
  private let size: UInt64

  init(job: Int, size: UInt64, _ parameters: ChunkingParameters) {
    self.job = job
    self.size = size
    self.parameters = parameters
    let segmentBytes = UInt64(parameters.segmentBytes)
    let count = max(1, Int((size + segmentBytes - 1) / segmentBytes))
    let segments = (0..<count).map { number in
      let length = min(segmentBytes, size - UInt64(number) * segmentBytes)
      let stretches = max(1, (Int(length) + Self.stretchBytes(parameters) - 1) / Self.stretchBytes(parameters))
      return Segment(readings: Array(repeating: Reading(), count: stretches), remaining: stretches)
    }
    state = Mutex(State(segments: segments, remaining: count))
  }

  /// So short that no worker is long alone with the last one, and as long as what is hashed at once.
  private static func stretchBytes(_ parameters: ChunkingParameters) -> Int {
    min(parameters.segmentBytes, max(8, FileWorker.regionsAtOnce) * parameters.regionBytes)
  }

  /// All stretches, in the file's order.
  var stretches: [Stretch] {
    state.withLock { state in
      state.segments.enumerated().flatMap { segment, parts in
        parts.readings.indices.map { Stretch(segment: segment, number: $0) }
      }
    }
  }

  /// Where the bytes lie that are to be read for a stretch. Where content says where it is cut, each cut depends on the
  /// one before: the first stretch is the whole segment then, and nothing is left for the others.
  func range(of stretch: Stretch, _ chunking: Chunking) -> Range<UInt64> {
    let start = UInt64(stretch.segment) * UInt64(parameters.segmentBytes)
    let end = min(start + UInt64(parameters.segmentBytes), size)
    switch chunking {
    case .regions:
      let from = start + UInt64(stretch.number * Self.stretchBytes(parameters))
      return from..<min(from + UInt64(Self.stretchBytes(parameters)), end)
    case .contentDefined: return stretch.number == 0 ? start..<end : end..<end
    }
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

  /// What the parent holds of a segment: `find` is called by the first who asks.
  func bases(
    of segment: Int, _ find: () throws(SnapshotError) -> ParentChunks
  ) throws(SnapshotError) -> ParentChunks {
    try state.withLock { state throws(SnapshotError) in
      if let bases = state.segments[segment].bases { return bases }
      let bases = try find()
      state.segments[segment].bases = bases
      return bases
    }
  }

  /// Adds what was read of a stretch.
  /// - Returns: All of its segment, to the worker that brings the last stretch.
  func finish(_ stretch: Stretch, _ reading: Result<Reading, SnapshotWarning.Failure>) -> Reading? {
    state.withLock { state in
      switch reading {
      case .success(let reading): state.segments[stretch.segment].readings[stretch.number] = reading
      case .failure(let failure): state.failure = state.failure ?? failure
      }
      state.segments[stretch.segment].remaining -= 1
      guard state.segments[stretch.segment].remaining == 0 else { return nil }
      let parts = state.segments[stretch.segment].readings
      state.segments[stretch.segment].readings = []
      state.segments[stretch.segment].bases = nil
      return Reading(chunks: parts.flatMap(\.chunks), fingerprints: parts.flatMap(\.fingerprints))
    }
  }

  /// Adds what a segment is stored as; `nil` where nothing is left of it.
  /// - Returns: All segments, or why there are none, to the worker that brings the last one.
  func finish(
    segment: Int, _ stored: ContentSegment?
  ) -> Result<[ContentSegment], SnapshotWarning.Failure>? {
    state.withLock { state in
      state.segments[segment].stored = stored
      state.remaining -= 1
      guard state.remaining == 0 else { return nil }
      if let failure = state.failure { return .failure(failure) }
      return .success(state.segments.compactMap(\.stored))
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
  /// What is kept of its regions, if it is cut at them.
  var regions: CachedRegions?
}
