import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

/// Long files, a segment at a time.
extension FileWorker {
  /// Reads one stretch of a file.
  /// - Returns: What came of the file, where this was its last stretch.
  mutating func read(
    _ file: SegmentedFile, _ stretch: SegmentedFile.Stretch, _ job: FileJob
  ) throws(SnapshotError) -> FileOutcome? {
    let opened: OpenedFile
    do throws(SnapshotWarning.Failure) {
      opened = try file.opened { () throws(SnapshotWarning.Failure) in try open(job) }
    } catch {
      guard file.finish(stretch, .failure(error)) != nil, file.finish(segment: stretch.segment, nil) != nil else {
        return nil
      }
      return .leftOut(error.warning)
    }
    let start = UInt64(stretch.segment) * UInt64(parameters.segmentBytes)
    let parent = opened.parentSegments.first { $0.offset == start }
    let bases = try file.bases(of: stretch.segment) { () throws(SnapshotError) in
      var chunks = try parentChunks(parent, from: start)
      chunks.regions = opened.regions
      return chunks
    }
    let range = file.range(of: stretch, opened.chunking)
    let reading = try readStretch(opened, range, bases, job)
    if case .success(let reading) = reading { opened.handle.stored(reading.chunks, from: range.lowerBound) }
    guard let segment = file.finish(stretch, reading) else { return nil }
    let stored =
      segment.chunks.isEmpty
      ? nil : try storeSegment(segment, like: parent, areFingerprintsKnown: bases.hasFingerprints)
    switch file.finish(segment: stretch.segment, stored) {
    case nil: return nil
    case .failure(let failure): return .leftOut(failure.warning)
    case .success(let segments): return try conclude(opened, segments, job)
    }
  }

  private mutating func readStretch(
    _ file: OpenedFile, _ range: Range<UInt64>, _ bases: ParentChunks, _ job: FileJob
  ) throws(SnapshotError) -> Result<SegmentedFile.Reading, SnapshotWarning.Failure> {
    var reading = SegmentedFile.Reading()
    let read =
      switch file.chunking {
      case .regions: try readRegions(file, range, bases, &reading)
      case .contentDefined: try readContentDefined(file, range, bases, &reading)
      }
    return read.map { reading }.mapError { error in
      SnapshotWarning.Failure(warning: SnapshotWarning(.unreadable, "\(error)", path: job.relativePath))
    }
  }

  /// Stores what a segment is made of.
  /// - Parameter areFingerprintsKnown: Whether those of the parent are.
  mutating func storeSegment(
    _ segment: SegmentedFile.Reading, like parent: ContentSegment?, areFingerprintsKnown: Bool = false
  ) throws(SnapshotError) -> ContentSegment {
    let stored = try writer.storeSegment(segment.chunks, like: parent?.level == 1 ? parent?.id : nil)
    if segment.chunks.count >= Self.fingerprintedChunks, stored.id != parent?.id || !areFingerprintsKnown {
      try repository.catalogue.record(segment.fingerprints, of: stored.id, insteadOf: parent?.id)
    }
    return stored
  }

  private mutating func conclude(
    _ file: OpenedFile, _ segments: [ContentSegment], _ job: FileJob
  ) throws(SnapshotError) -> FileOutcome {
    let content = try writer.storeContent(of: segments, like: job.parent)
    let status = (try? file.handle.status()) ?? file.status
    let mark = FolderState.Mark(isTrusted: isTrusted(status, file.started), pageFingerprint: file.pageFingerprint)
    let reading = FileReading(content: content, chunking: file.chunking, mark: mark)
    let isStable = FileStamp(status) == FileStamp(job.status) && content.length == status.size
    return isStable ? .read(reading) : .unstable(reading, status)
  }

  private mutating func open(_ job: FileJob) throws(SnapshotWarning.Failure) -> OpenedFile {
    do throws(SystemError) {
      let handle: any FileBytes
      if let known = held[job.status] {
        handle = known
      } else {
        handle = SharedDescriptor(try Descriptor(opening: job.path, .read, [.noFollow, .nonBlocking]))
      }
      let started = Timestamp.now
      let status = try handle.status()
      guard status.kind == .file else { throw SystemError(.invalidArgument, call: "open", path: job.path) }
      let count = unsafe try handle.read(
        at: 0, into: UnsafeMutableRawBufferPointer(rebasing: input.storage[..<4096]))
      let fingerprint = fingerprint(0, count)
      let isSparse = status.allocatedSize < status.size
      let chunking: Chunking = fingerprint != 0 || job.isIndexFile || isSparse ? .regions : .contentDefined
      return OpenedFile(
        handle: handle, status: status, chunking: chunking, started: started, pageFingerprint: fingerprint,
        parentSegments: parentSegments(of: job.parent),
        regions: chunking == .regions ? regions.file(job.relativePath, length: status.size) : nil)
    } catch { throw Self.failure(error, job) }
  }

  // What the parent holds only helps: where it can't be read, chunks are stored whole.

  private mutating func parentSegments(of content: Content?) -> [ContentSegment] {
    guard let content else { return [] }
    do throws(SnapshotError) {
      return try writer.reading { (reader) throws(SnapshotError) in try reader.segments(of: content) }
    } catch { return [] }
  }

  private mutating func parentChunks(
    _ segment: ContentSegment?, from start: UInt64
  ) throws(SnapshotError) -> ParentChunks {
    guard let segment else { return ParentChunks([], from: start) }
    do throws(SnapshotError) {
      let chunks = try writer.reading { (reader) throws(SnapshotError) in try reader.chunks(of: segment) }
      return ParentChunks(
        chunks, from: start, fingerprints: try repository.catalogue.fingerprints(of: segment.id))
    } catch {
      guard error.code == .damaged else { throw error }
      return ParentChunks([], from: start)
    }
  }

  private mutating func readRegions(
    _ file: OpenedFile, _ range: Range<UInt64>, _ bases: ParentChunks, _ reading: inout SegmentedFile.Reading
  ) throws(SnapshotError) -> Result<Void, SystemError> {
    let region = parameters.regionBytes
    let isSparse = file.status.allocatedSize < file.status.size
    var data = isSparse ? file.handle.nextData(from: range.lowerBound) : range.lowerBound
    // Several regions at a time, so that those that have changed are hashed together.
    var chunks: [InputChunk] = []
    var at = range.lowerBound
    while at < range.upperBound {
      if let next = data, next < at { data = file.handle.nextData(from: at) }
      let end = min(at + UInt64(region), range.upperBound)
      if isSparse, data ?? .max >= end, end == at + UInt64(region) {
        try add(&chunks, bases, &reading)
        let zeros = try storeZeros()
        reading.chunks.append(ChunkList.Child(id: zeros.id, length: UInt64(region)))
        reading.fingerprints.append(zeros.fingerprint)
        at = end
        continue
      }
      let start = chunks.count * region
      let room = start..<start + Int(end - at)
      let count: Int
      do throws(SystemError) {
        count = unsafe try file.handle.read(at: at, into: UnsafeMutableRawBufferPointer(rebasing: input.storage[room]))
      } catch { return .failure(error) }
      if count == 0 { break }
      chunks.append(chunk(start..<start + count, at: at, of: file))
      if count < room.count { break }
      at = end
      if chunks.count == Self.regionsAtOnce { try add(&chunks, bases, &reading) }
    }
    try add(&chunks, bases, &reading)
    return .success(())
  }

  private mutating func readContentDefined(
    _ file: OpenedFile, _ range: Range<UInt64>, _ bases: ParentChunks, _ reading: inout SegmentedFile.Reading
  ) throws(SnapshotError) -> Result<Void, SystemError> {
    // The window's first byte in the file, and what of the window is read and not yet cut.
    var windowStart = range.lowerBound
    var (begin, end) = (0, 0)
    var isAtEnd = false
    while true {
      if !isAtEnd {
        if begin > 0 {
          unsafe input.storage.baseAddress!.copyMemory(
            from: input.storage.baseAddress! + begin, byteCount: end - begin)
          windowStart += UInt64(begin)
          (begin, end) = (0, end - begin)
        }
        let wanted = min(UInt64(input.capacity - end), range.upperBound - windowStart - UInt64(end))
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
      var chunks: [InputChunk] = []
      while begin < end, isAtEnd || end - begin >= Self.lookahead(parameters) {
        let offset = windowStart + UInt64(begin)
        guard let length = cut(begin, end, isAtEnd: isAtEnd, at: offset, bases) else { break }
        chunks.append(chunk(begin..<begin + length, at: offset, of: file))
        begin += length
      }
      try add(&chunks, bases, &reading)
    }
  }

  /// The length of the chunk that begins at `begin`: that of the parent's, where it may still end there, so that what has
  /// been changed in place stays cut as it was, and need not be searched for cuts. `nil` where it may be longer than what
  /// is read, unless that `isAtEnd`.
  private func cut(_ begin: Int, _ end: Int, isAtEnd: Bool, at offset: UInt64, _ bases: ParentChunks) -> Int? {
    let available = end - begin
    let isEnough = isAtEnd || available >= parameters.maximumBytes
    let lengths = bases.lengths(from: offset)
    if let length = lengths.first {
      if length > available, !isEnough { return nil }
      if length <= available {
        if chunker.mayEnd(view(begin, length)) { return length }
        // The change may be where the cut was: another cut would store what follows in another chunk, and so anew.
        if mayEnd(lengths.dropFirst(), in: begin + length..<end) { return length }
        let mayTellMore = !isAtEnd && begin > 0 && lengths.count > 1
        if mayTellMore { return nil }
      }
    }
    return chunker.firstCut(view(begin, available)) ?? (isAtEnd ? available : nil)
  }

  /// Whether any of the parent's chunks that follow each other in a part of the input may still end where it did: then what
  /// is there has not been moved. By chance one may in one of 2^16 cases, and longest ones always.
  private func mayEnd(_ lengths: some Sequence<Int>, in part: Range<Int>) -> Bool {
    var begin = part.lowerBound
    for length in lengths {
      guard begin + length <= part.upperBound else { return false }
      if length < parameters.maximumBytes, chunker.mayEnd(view(begin, length)) { return true }
      begin += length
    }
    return false
  }
}
