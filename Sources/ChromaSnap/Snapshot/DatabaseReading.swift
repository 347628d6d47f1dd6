import ChromaDB
import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO

/// Reads a database that others write to, once more and then under a hold, as its regions tell what has changed.
///
/// Without the hold what has changed is stored at once. Under it, every region is read and compared, what has changed is
/// set aside, and stored when the hold is over.
final class DatabaseReading {
  private let engine: SnapshotEngine
  private let spool: Spool
  let regions: DatabaseRegions
  /// By region: what was set aside.
  private var aside: [(region: Int, run: Spool.Run)] = []
  private let file: [UInt8]
  /// The database as it was last read by this.
  private var last: (status: FileStatus, started: Timestamp)?
  /// What the parent snapshot holds: the segments, and the chunk by its place.
  private lazy var parent: (content: Content?, segments: [ContentSegment], chunks: ParentChunks) = parentContent()

  /// Regions that a worker takes at a time.
  private static let step = 16

  /// - Parameter file: Its name, at the top of the source.
  init(_ engine: SnapshotEngine, file: [UInt8], regions: DatabaseRegions, spool: Spool) {
    self.engine = engine
    self.file = file
    self.regions = regions
    self.spool = spool
  }

  /// Reads it while others may write to it, and stores what has changed.
  /// - Returns: How many bytes that is.
  func readAgain(_ content: any RandomAccessFile, status: FileStatus) throws(SnapshotError) -> UInt64 {
    last = (status, .now)
    let count = regions.resize(to: content.size)
    let changed = Atomic<UInt64>(0)
    let bases = parent.chunks
    let (activity, pool) = (engine.activity, engine.pool)
    try parallelLoop(items: Self.steps(count)) { [regions] (next: () -> Int?) throws(SnapshotError) in
      try pool.withWorker { (worker) throws(SnapshotError) in
        var buffer = ByteBuffer(capacity: regions.regionBytes)
        while let item = next() {
          try activity.checkpoint()
          for number in Self.regions(item, of: count) {
            try Self.read(content, number, of: regions, into: &buffer)
            worker.bytesRead += UInt64(buffer.count)
            if buffer.count == 0 || regions.note(buffer.bytes, of: number) { continue }
            changed.add(UInt64(buffer.count), ordering: .relaxed)
            try Self.store(buffer.bytes, number, of: regions, bases, &worker)
          }
        }
      }
    }
    spool.prepare()
    return changed.load(ordering: .relaxed)
  }

  /// Reads it while it is held, and sets aside what has changed.
  /// - Parameter limit: Bytes. Where more has changed it stops; what was set aside until then is stored all the same.
  /// - Returns: Whether all of it was read.
  func readHeld(
    _ content: any RandomAccessFile, status: FileStatus, limit: UInt64
  ) throws(SnapshotError) -> Bool {
    last = (status, .now)
    let count = regions.resize(to: content.size)
    let found = Mutex<[(Int, Spool.Run)]>([])
    let changed = Atomic<UInt64>(0)
    try parallelLoop(items: Self.steps(count)) { [regions, spool] (next: () -> Int?) throws(SnapshotError) in
      var buffer = ByteBuffer(capacity: regions.regionBytes)
      while changed.load(ordering: .relaxed) <= limit, let item = next() {
        for number in Self.regions(item, of: count) {
          try Self.read(content, number, of: regions, into: &buffer)
          let expected = min(UInt64(regions.regionBytes), content.size - UInt64(number) * UInt64(regions.regionBytes))
          guard UInt64(buffer.count) == expected else {
            throw SnapshotError(
              .sourceBusy, "the database became shorter while it was held",
              hint: "Something changes it without SQLite's locks: stop that, and try again.")
          }
          if regions.note(buffer.bytes, of: number) { continue }
          changed.add(UInt64(buffer.count), ordering: .relaxed)
          let run = try calling("setting aside what has changed") { () throws(SystemError) in
            try spool.add(buffer.bytes)
          }
          found.withLock { $0.append((number, run)) }
        }
      }
    }
    aside += found.withLock { $0 }
    return changed.load(ordering: .relaxed) <= limit
  }

  /// Stores what was set aside.
  func storeAside() throws(SnapshotError) {
    let runs = aside
    aside = []
    let bases = parent.chunks
    let pool = engine.pool
    try parallelLoop(items: runs.count) { [regions, spool] (next: () -> Int?) throws(SnapshotError) in
      try pool.withWorker { (worker) throws(SnapshotError) in
        var buffer = ByteBuffer(capacity: regions.regionBytes)
        while let i = next() {
          buffer.count = try calling("storing what was set aside") { () throws(SystemError) in
            unsafe try spool.read(runs[i].run, into: buffer.storage)
          }
          worker.bytesRead += UInt64(buffer.count)
          try Self.store(buffer.bytes, runs[i].region, of: regions, bases, &worker)
        }
      }
    }
  }

  /// Puts the content together, where the database was read again at all.
  /// - Returns: Whether it was.
  func complete() throws(SnapshotError) -> Bool {
    guard let (status, started) = last else { return false }
    let all = regions.all
    guard all.allSatisfy({ $0.chunk != nil && $0.lasting != nil }),
      all.reduce(0, { $0 + UInt64($1.length) }) == status.size
    else {
      throw SnapshotError(.failed, "the regions of the database that were read do not make it up")
    }
    let parameters = engine.repository.config.chunking
    let perSegment = parameters.segmentBytes / parameters.regionBytes
    let (parentContent, parentSegments, _) = parent
    let content = try engine.pool.withWorker { (worker) throws(SnapshotError) in
      var segments: [ContentSegment] = []
      for start in stride(from: 0, to: all.count, by: perSegment) {
        var reading = SegmentedFile.Reading()
        for region in all[start..<min(start + perSegment, all.count)] {
          guard let chunk = region.chunk, let fingerprint = region.lasting else { continue }
          reading.chunks.append(ChunkList.Child(id: chunk, length: UInt64(region.length)))
          reading.fingerprints.append(fingerprint)
        }
        let offset = UInt64(start) * UInt64(parameters.regionBytes)
        segments.append(try worker.storeSegment(reading, like: parentSegments.first { $0.offset == offset }))
      }
      return try worker.writer.storeContent(of: segments, like: parentContent)
    }
    let job = try engine.withReader { (plan, reader) throws(SnapshotError) in
      try plan.reread(file: file, status: status, reader: &reader)
    }
    guard let job else { throw ChromaCapture.databaseIsNew }
    let mark = FolderState.Mark(
      isTrusted: started.seconds(since: max(status.modified, status.changed)) > 2,
      pageFingerprint: regions.pageFingerprint)
    engine.conclude(
      job, with: .read(FileReading(content: content, chunking: .regions, mark: mark)))
    return true
  }

  // MARK: Parts

  /// How many times workers take regions.
  private static func steps(_ count: Int) -> Int { (count + step - 1) / step }

  private static func regions(_ item: Int, of count: Int) -> Range<Int> { item * step..<min(count, (item + 1) * step) }

  private static func read(
    _ content: any RandomAccessFile, _ number: Int, of regions: DatabaseRegions, into buffer: inout ByteBuffer
  ) throws(SnapshotError) {
    let offset = UInt64(number) * UInt64(regions.regionBytes)
    let wanted = Int(min(UInt64(regions.regionBytes), content.size - offset))
    buffer.count = try calling("reading the database") { () throws(SystemError) in
      unsafe try content.readBytes(
        at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer.storage[..<wanted]))
    }
  }

  private static func store(
    _ bytes: RawSpan, _ number: Int, of regions: DatabaseRegions, _ bases: ParentChunks, _ worker: inout FileWorker
  ) throws(SnapshotError) {
    let id = ChunkID(of: bytes)
    let offset = UInt64(number) * UInt64(regions.regionBytes)
    try worker.store(
      bytes, as: FileWorker.PlacedChunk(id: id, offset: offset, like: bases.base(at: offset)), bases.regions)
    regions.note(id, worker.key.fingerprint(of: bytes), of: number)
  }

  /// What the parent holds only helps: where it can't be read, chunks are stored whole.
  private func parentContent() -> (Content?, [ContentSegment], ParentChunks) {
    let content = engine.plan.parentContent(ofFile: file)
    var (segments, chunks): ([ContentSegment], [ChunkList.Child]) = ([], [])
    if let content {
      var reader = ChunkReader(engine.repository, index: engine.index)
      do throws(SnapshotError) {
        segments = try reader.segments(of: content)
        for segment in segments { chunks += try reader.chunks(of: segment) }
      } catch { (segments, chunks) = ([], []) }
    }
    var bases = ParentChunks(chunks, from: 0)
    bases.regions = engine.regions.file(file, length: last?.status.size ?? 0)
    return (content, segments, bases)
  }
}
