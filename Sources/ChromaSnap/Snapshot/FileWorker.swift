import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

/// Reads files, cuts them into chunks, hashes these and stores what is not known: one worker's part of a snapshot.
///
/// All memory is made once; reading, hashing, comparing, compressing and packing of a chunk happen while it is in the
/// processor's cache.
struct FileWorker: ~Copyable {
  let repository: Repository
  let index: ChunkIndex
  let chunker: GearChunker
  let parameters: ChunkingParameters
  let held: HeldFiles
  var writer: ChunkWriter
  var bytesRead: UInt64 = 0
  private var input = ByteBuffer(capacity: windowBytes)
  /// A region of zeros, once it is stored: a hole is not read.
  private var zeros: NamedChunk?
  private let key: LastingFingerprint.Key
  /// Of the chunks of the segment that is being read.
  private var fingerprints: [LastingFingerprint] = []

  private struct NamedChunk {
    var id: ChunkID
    var fingerprint: LastingFingerprint
  }

  private static let windowBytes = 4 << 20
  /// Fingerprints are kept of segments of at least so many chunks: short files are hashed as fast as they are looked up.
  private static let fingerprintedChunks = 8

  init(
    _ repository: Repository, index: ChunkIndex, chunker: GearChunker, held: HeldFiles, key: LastingFingerprint.Key,
    level: Int
  ) {
    self.repository = repository
    self.index = index
    self.chunker = chunker
    self.held = held
    self.key = key
    parameters = repository.config.chunking
    writer = ChunkWriter(repository, index: index, level: level)
  }

  // MARK: Small files

  /// Reads files that are one chunk each, and hashes them two at a time.
  mutating func read(_ jobs: [FileJob]) throws(SnapshotError) -> [FileOutcome] {
    var outcomes: [FileOutcome] = []
    outcomes.reserveCapacity(jobs.count)
    let started = Timestamp.now
    let room = parameters.minimumBytes + 1
    var waiting: (job: FileJob, reading: FileReading, position: Int)?
    for job in jobs {
      let position = outcomes.count
      let slot = waiting == nil ? 0 : room
      let (status, count): (FileStatus, Int)
      do throws(SnapshotWarning.Failure) { (status, count) = try readWhole(job, into: slot, room: room) } catch {
        outcomes.append(.leftOut(error.warning))
        continue
      }
      let fingerprint = fingerprint(slot, count)
      let reading = FileReading(
        content: Content(length: UInt64(count), depth: 0, root: nil),
        chunking: fingerprint != 0 || job.isIndexFile ? .regions : .contentDefined, status: status,
        mark: FolderState.Mark(isTrusted: isTrusted(status, started), pageFingerprint: fingerprint))
      bytesRead += UInt64(count)
      let isStable = sameFile(status, job.status) && count == Int(status.size)
      outcomes.append(isStable ? .read(reading) : .unstable(reading, status))
      if count == 0 { continue }
      if let first = waiting {
        try store(first, and: (job, reading, position), at: room, &outcomes)
        waiting = nil
      } else {
        waiting = (job, reading, position)
      }
    }
    if let last = waiting { try store(last, and: nil, at: 0, &outcomes) }
    return outcomes
  }

  private typealias Waiting = (job: FileJob, reading: FileReading, position: Int)

  private mutating func store(
    _ a: Waiting, and b: Waiting?, at second: Int, _ outcomes: inout [FileOutcome]
  ) throws(SnapshotError) {
    let first = view(0, Int(a.reading.content.length))
    guard let b else { return try store(first, ChunkID(of: first), a, &outcomes) }
    let other = view(second, Int(b.reading.content.length))
    let ids = ChunkID.pair(first, other)
    try store(first, ids.0, a, &outcomes)
    try store(other, ids.1, b, &outcomes)
  }

  private mutating func store(
    _ chunk: RawSpan, _ id: ChunkID, _ file: Waiting, _ outcomes: inout [FileOutcome]
  ) throws(SnapshotError) {
    let parent = file.job.parent
    let like = parent?.depth == 0 ? parent?.root : nil
    try store(chunk, id: id, at: 0, like: like)
    var reading = file.reading
    reading.content = Content(length: reading.content.length, depth: 0, root: id)
    outcomes[file.position] =
      if case .unstable(_, let status) = outcomes[file.position] { .unstable(reading, status) } else { .read(reading) }
  }

  /// Reads a whole file that is shorter than `room`. A file that has grown past it ends there, and counts as unstable.
  private mutating func readWhole(
    _ job: FileJob, into slot: Int, room: Int
  ) throws(SnapshotWarning.Failure) -> (FileStatus, Int) {
    if job.status.size == 0 { return (job.status, 0) }
    do throws(SystemError) {
      let target = unsafe UnsafeMutableRawBufferPointer(rebasing: input.storage[slot..<slot + room])
      if let handle = held[job.status] {
        return (try handle.status(), unsafe try handle.read(at: 0, into: target))
      }
      let file = try Descriptor(opening: job.path, .read, [.noFollow, .nonBlocking])
      let count = unsafe try file.read(at: 0, into: target)
      return (try file.status(), count)
    } catch { throw Self.failure(error, job) }
  }

  // MARK: Segments

  /// Reads one segment of a file.
  /// - Returns: What came of the file, where this was its last segment.
  mutating func read(
    _ file: SegmentedFile, segment number: Int, _ job: FileJob
  ) throws(SnapshotError) -> FileOutcome? {
    let opened: OpenedFile
    do throws(SnapshotWarning.Failure) {
      opened = try file.opened { () throws(SnapshotWarning.Failure) in try open(job) }
    } catch {
      return file.finish(number, nil).map { _ in .leftOut(error.warning) }
    }
    let start = UInt64(number) * UInt64(parameters.segmentBytes)
    let end = min(start + UInt64(parameters.segmentBytes), job.status.size)
    var chunks: [ChunkList.Child] = []
    let parent = opened.parentSegments.first { $0.offset == start }
    let known = try parent.map { (segment) throws(SnapshotError) in
      try repository.catalogue.fingerprints(of: segment.id)
    }
    let bases = ParentChunks(try parentChunks(parent), from: start, fingerprints: known ?? [])
    fingerprints.removeAll(keepingCapacity: true)
    let read =
      switch opened.chunking {
      case .regions: try readRegions(opened, start..<end, bases, &chunks)
      case .contentDefined: try readContentDefined(opened, start..<end, bases, &chunks)
      }
    if case .failure(let error) = read {
      let warning = SnapshotWarning(.unreadable, "\(error)", path: job.relativePath)
      return file.finish(number, nil).map { _ in .leftOut(warning) }
    }
    opened.handle.stored(chunks, from: start)
    let segment = chunks.isEmpty ? nil : try writer.storeSegment(chunks, like: parent?.level == 1 ? parent?.id : nil)
    if let segment, chunks.count >= Self.fingerprintedChunks, segment.id != parent?.id || !bases.hasFingerprints {
      try repository.catalogue.record(fingerprints, of: segment.id, insteadOf: parent?.id)
    }
    guard let segments = file.finish(number, segment) else { return nil }
    let content = try writer.storeContent(of: segments, like: job.parent)
    let status = (try? opened.handle.status()) ?? opened.status
    let mark = FolderState.Mark(
      isTrusted: isTrusted(status, opened.started), pageFingerprint: opened.pageFingerprint)
    let reading = FileReading(content: content, chunking: opened.chunking, status: status, mark: mark)
    let isStable = sameFile(status, job.status) && content.length == status.size
    return isStable ? .read(reading) : .unstable(reading, status)
  }

  private mutating func open(_ job: FileJob) throws(SnapshotWarning.Failure) -> OpenedFile {
    do throws(SystemError) {
      let handle: any FileBytes
      if let known = held[job.status] {
        handle = known
      } else {
        handle = FileHandle(try Descriptor(opening: job.path, .read, [.noFollow, .nonBlocking]))
      }
      let started = Timestamp.now
      let status = try handle.status()
      guard status.kind == .file else { throw SystemError(.invalidArgument, call: "open", path: job.path) }
      let count = unsafe try handle.read(
        at: 0, into: UnsafeMutableRawBufferPointer(rebasing: input.storage[..<4096]))
      let fingerprint = fingerprint(0, count)
      let isSparse = status.allocatedSize < status.size
      return OpenedFile(
        handle: handle, status: status,
        chunking: fingerprint != 0 || job.isIndexFile || isSparse ? .regions : .contentDefined, started: started,
        pageFingerprint: fingerprint, parentSegments: parentSegments(of: job.parent))
    } catch { throw Self.failure(error, job) }
  }

  // What the parent holds only helps: where it can't be read, chunks are stored whole.

  private mutating func parentSegments(of content: Content?) -> [ContentSegment] {
    guard let content else { return [] }
    do throws(SnapshotError) {
      return try writer.reading { (reader) throws(SnapshotError) in try reader.segments(of: content) }
    } catch { return [] }
  }

  private mutating func parentChunks(_ segment: ContentSegment?) throws(SnapshotError) -> [ChunkList.Child] {
    guard let segment else { return [] }
    do throws(SnapshotError) {
      return try writer.reading { (reader) throws(SnapshotError) in try reader.chunks(of: segment) }
    } catch {
      guard error.code == .damaged else { throw error }
      return []
    }
  }

  private mutating func readRegions(
    _ file: OpenedFile, _ range: Range<UInt64>, _ bases: ParentChunks, _ chunks: inout [ChunkList.Child]
  ) throws(SnapshotError) -> Result<Void, SystemError> {
    let region = UInt64(parameters.regionBytes)
    let isSparse = file.status.allocatedSize < file.status.size
    var data = isSparse ? file.handle.nextData(from: range.lowerBound) : range.lowerBound
    var at = range.lowerBound
    while at < range.upperBound {
      if let next = data, next < at { data = file.handle.nextData(from: at) }
      if isSparse, data ?? .max >= at + region, at + region <= range.upperBound {
        let zeros = try storeZeros()
        chunks.append(ChunkList.Child(id: zeros.id, length: region))
        fingerprints.append(zeros.fingerprint)
        at += region
        continue
      }
      // Two regions at a time: hashed together.
      let wanted = min(2 * region, range.upperBound - at)
      let count: Int
      do throws(SystemError) {
        count = unsafe try file.handle.read(
          at: at, into: UnsafeMutableRawBufferPointer(rebasing: input.storage[..<Int(wanted)]))
      } catch { return .failure(error) }
      if count == 0 { break }
      let first = view(0, min(count, Int(region)))
      let second = view(first.byteCount, count - first.byteCount)
      if second.byteCount > 0 {
        let names = name(first, second, at: at, bases)
        try add(first, names.0, at: at, bases, &chunks)
        try add(second, names.1, at: at + region, bases, &chunks)
      } else {
        try add(first, name(first, at: at, bases), at: at, bases, &chunks)
      }
      at += UInt64(count)
      if count < Int(wanted) { break }
    }
    return .success(())
  }

  private mutating func readContentDefined(
    _ file: OpenedFile, _ range: Range<UInt64>, _ bases: ParentChunks, _ chunks: inout [ChunkList.Child]
  ) throws(SnapshotError) -> Result<Void, SystemError> {
    // The window's first byte in the file, and what of the window is read and not yet cut.
    var windowStart = range.lowerBound
    var (begin, end) = (0, 0)
    var isAtEnd = false
    while true {
      if !isAtEnd, end - begin < 2 * parameters.maximumBytes {
        if begin > 0 {
          unsafe input.storage.baseAddress!.copyMemory(
            from: input.storage.baseAddress! + begin, byteCount: end - begin)
          windowStart += UInt64(begin)
          (begin, end) = (0, end - begin)
        }
        let wanted = min(UInt64(Self.windowBytes - end), range.upperBound - windowStart - UInt64(end))
        let count: Int
        do throws(SystemError) {
          count = unsafe try file.handle.read(
            at: windowStart + UInt64(end),
            into: UnsafeMutableRawBufferPointer(rebasing: input.storage[end..<end + Int(wanted)]))
        } catch { return .failure(error) }
        end += count
        isAtEnd = count < Int(wanted) || windowStart + UInt64(end) == range.upperBound
      }
      guard begin < end else { return .success(()) }
      let known = try addAsInParent(begin, end, at: windowStart + UInt64(begin), bases, &chunks)
      if known > 0 {
        begin += known
        continue
      }
      let first = cut(begin, end)
      guard begin + first < end, isAtEnd || end - begin - first >= parameters.maximumBytes else {
        let (chunk, offset) = (view(begin, first), windowStart + UInt64(begin))
        try add(chunk, name(chunk, at: offset, bases), at: offset, bases, &chunks)
        begin += first
        continue
      }
      let second = cut(begin + first, end)
      let (a, b, offset) = (view(begin, first), view(begin + first, second), windowStart + UInt64(begin))
      let names = name(a, b, at: offset, bases)
      try add(a, names.0, at: offset, bases, &chunks)
      try add(b, names.1, at: offset + UInt64(first), bases, &chunks)
      begin += first + second
    }
  }

  /// Where the parent's next two chunks are what the file still holds, they are cut where they were: the content says so
  /// again, and it need not be asked.
  /// - Returns: Bytes that were added; 0 where something differs.
  private mutating func addAsInParent(
    _ begin: Int, _ end: Int, at offset: UInt64, _ bases: ParentChunks, _ chunks: inout [ChunkList.Child]
  ) throws(SnapshotError) -> Int {
    guard let (first, second) = bases.following(offset), first.length + second.length <= UInt64(end - begin) else {
      return 0
    }
    let (a, b) = (view(begin, Int(first.length)), view(begin + Int(first.length), Int(second.length)))
    let names = name(a, b, at: offset, bases)
    guard names.0.id == first.id else { return 0 }
    try add(a, names.0, at: offset, bases, &chunks)
    guard names.1.id == second.id else { return a.byteCount }
    try add(b, names.1, at: offset + first.length, bases, &chunks)
    return a.byteCount + b.byteCount
  }

  private func cut(_ begin: Int, _ end: Int) -> Int { chunker.cut(view(begin, end - begin)) }

  // MARK: Chunks

  /// What a chunk's bytes are called: as the parent's chunk at this place where the fingerprint says that they are the
  /// same, else after their hash.
  private func name(_ chunk: RawSpan, at offset: UInt64, _ bases: ParentChunks) -> NamedChunk {
    let fingerprint = key.fingerprint(of: chunk)
    let known = bases.unchanged(at: offset, length: chunk.byteCount, fingerprint)
    return NamedChunk(id: known ?? ChunkID(of: chunk), fingerprint: fingerprint)
  }

  /// The same of two chunks that follow each other, hashed together where neither is known.
  private func name(
    _ a: RawSpan, _ b: RawSpan, at offset: UInt64, _ bases: ParentChunks
  ) -> (NamedChunk, NamedChunk) {
    let (x, y) = (key.fingerprint(of: a), key.fingerprint(of: b))
    let first = bases.unchanged(at: offset, length: a.byteCount, x)
    let second = bases.unchanged(at: offset + UInt64(a.byteCount), length: b.byteCount, y)
    let ids: (ChunkID, ChunkID) =
      if first == nil, second == nil { ChunkID.pair(a, b) } else {
        (first ?? ChunkID(of: a), second ?? ChunkID(of: b))
      }
    return (NamedChunk(id: ids.0, fingerprint: x), NamedChunk(id: ids.1, fingerprint: y))
  }

  private mutating func add(
    _ chunk: RawSpan, _ name: NamedChunk, at offset: UInt64, _ bases: ParentChunks, _ chunks: inout [ChunkList.Child]
  ) throws(SnapshotError) {
    try store(chunk, id: name.id, at: offset, like: bases.base(at: offset, length: chunk.byteCount))
    chunks.append(ChunkList.Child(id: name.id, length: UInt64(chunk.byteCount)))
    fingerprints.append(name.fingerprint)
    bytesRead += UInt64(chunk.byteCount)
  }

  private mutating func store(
    _ chunk: RawSpan, id: ChunkID, at offset: UInt64, like: ChunkID?
  ) throws(SnapshotError) {
    if id == like, try index.trustsParent(id) { return }
    try writer.store(chunk, id: id, kind: .data, at: offset, like: like)
  }

  private mutating func storeZeros() throws(SnapshotError) -> NamedChunk {
    if let zeros { return zeros }
    unsafe input.storage.initializeMemory(as: UInt8.self, repeating: 0)
    let chunk = view(0, parameters.regionBytes)
    let named = NamedChunk(id: ChunkID(of: chunk), fingerprint: key.fingerprint(of: chunk))
    try writer.store(chunk, id: named.id, kind: .data)
    zeros = named
    return named
  }

  /// A part of the input, which the caller does not change while it looks at it.
  @_lifetime(immortal)
  private func view(_ start: Int, _ count: Int) -> RawSpan {
    unsafe _overrideLifetime(
      UnsafeRawBufferPointer(rebasing: input.storage[start..<start + count]).bytes, copying: ())
  }

  /// Not 0 exactly where the bytes begin as an SQLite database does.
  private func fingerprint(_ start: Int, _ count: Int) -> UInt64 {
    SQLitePage.fingerprint(view(start, min(count, SQLitePage.bytes)))
  }

  /// Whether equal stat data will mean an unchanged file next time: not where it was written so shortly before it was
  /// read that a later write may have left the same times.
  private func isTrusted(_ status: FileStatus, _ started: Timestamp) -> Bool {
    started.seconds(since: max(status.modified, status.changed)) > 2
  }

  private static func failure(_ error: SystemError, _ job: FileJob) -> SnapshotWarning.Failure {
    let hasGone = error.errno == .noSuchFileOrDirectory
    return SnapshotWarning.Failure(
      warning: SnapshotWarning(hasGone ? .vanished : .unreadable, "\(error)", path: job.relativePath))
  }
}

/// Whether a file is as it was.
func sameFile(_ a: FileStatus, _ b: FileStatus) -> Bool {
  a.inode == b.inode && a.device == b.device && a.size == b.size && a.modified == b.modified && a.changed == b.changed
}
