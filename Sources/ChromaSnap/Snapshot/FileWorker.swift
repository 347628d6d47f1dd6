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
  let regions: RegionCache
  var writer: ChunkWriter
  var bytesRead: UInt64 = 0
  var input = ByteBuffer(capacity: windowBytes)
  /// A region of zeros, once it is stored: a hole is not read.
  var zeros: NamedChunk?
  let key: LastingFingerprint.Key

  struct NamedChunk {
    var id: ChunkID
    var fingerprint: LastingFingerprint
  }

  static let windowBytes = 4 << 20
  /// Fingerprints are kept of segments of at least so many chunks: short files are hashed as fast as they are looked up.
  static let fingerprintedChunks = 8

  init(
    _ repository: Repository, index: ChunkIndex, chunker: GearChunker, held: HeldFiles, key: LastingFingerprint.Key,
    regions: RegionCache, level: Int
  ) {
    self.repository = repository
    self.index = index
    self.chunker = chunker
    self.held = held
    self.key = key
    self.regions = regions
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
        chunking: fingerprint != 0 || job.isIndexFile ? .regions : .contentDefined,
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
    try store(chunk, id: id, at: 0, like: like.map { ParentChunks.Base(id: $0) })
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

  // MARK: Chunks

  /// What chunks of the input that follow each other are called: each as the parent's chunk at its place where the
  /// fingerprint says that they are the same, else after its hash. Those that are hashed are hashed two by two.
  /// - Parameters:
  ///   - chunks: In the input.
  ///   - offset: Of the first in the file.
  ///   - seen: The fingerprint of what lies at an offset and is so long, where it is known already.
  func names(
    of chunks: [Range<Int>], at offset: UInt64, _ bases: ParentChunks,
    seen: (_ offset: UInt64, _ length: Int) -> LastingFingerprint?
  ) -> [NamedChunk] {
    var names: [NamedChunk?] = []
    names.reserveCapacity(chunks.count)
    // The one that is to be hashed, together with the next.
    var waiting: (number: Int, fingerprint: LastingFingerprint)?
    var at = offset
    for (number, chunk) in chunks.enumerated() {
      let bytes = view(chunk.lowerBound, chunk.count)
      let fingerprint = seen(at, chunk.count) ?? key.fingerprint(of: bytes)
      let known = bases.unchanged(at: at, length: chunk.count, fingerprint)
      at += UInt64(chunk.count)
      names.append(known.map { NamedChunk(id: $0, fingerprint: fingerprint) })
      if known != nil { continue }
      guard let first = waiting else {
        waiting = (number, fingerprint)
        continue
      }
      let ids = ChunkID.pair(view(chunks[first.number].lowerBound, chunks[first.number].count), bytes)
      names[first.number] = NamedChunk(id: ids.0, fingerprint: first.fingerprint)
      names[number] = NamedChunk(id: ids.1, fingerprint: fingerprint)
      waiting = nil
    }
    if let (number, fingerprint) = waiting {
      let id = ChunkID(of: view(chunks[number].lowerBound, chunks[number].count))
      names[number] = NamedChunk(id: id, fingerprint: fingerprint)
    }
    return names.compactMap(\.self)
  }

  /// Names chunks of the input that follow each other, and stores what is not known.
  mutating func add(
    _ chunks: [Range<Int>], at offset: UInt64, _ bases: ParentChunks,
    seen: (_ offset: UInt64, _ length: Int) -> LastingFingerprint?, _ reading: inout SegmentedFile.Reading
  ) throws(SnapshotError) {
    var at = offset
    for (chunk, name) in zip(chunks, names(of: chunks, at: offset, bases, seen: seen)) {
      try store(
        view(chunk.lowerBound, chunk.count), id: name.id, at: at, like: bases.base(at: at, length: chunk.count),
        bases.regions)
      reading.chunks.append(ChunkList.Child(id: name.id, length: UInt64(chunk.count)))
      reading.fingerprints.append(name.fingerprint)
      bytesRead += UInt64(chunk.count)
      at += UInt64(chunk.count)
    }
  }

  /// Stores a chunk, unless the parent snapshot holds it at this place and may be relied on.
  /// - Parameter regions: What is kept of the file, if it is cut at regions.
  mutating func store(
    _ chunk: RawSpan, id: ChunkID, at offset: UInt64, like parent: ParentChunks.Base?, _ regions: CachedRegions? = nil
  ) throws(SnapshotError) {
    if id == parent?.id, try index.trustsParent(id) { return }
    // Half a fingerprint is enough to find damage, which nobody has made to go unseen.
    let key = key.first
    let base = parent.map { parent in
      ChunkWriter.Base(
        parent.id, proof: parent.fingerprint.map { known in { key.fingerprint(of: $0) == known.first } })
    }
    guard let regions else {
      try writer.store(chunk, id: id, kind: .data, at: offset, like: base)
      return
    }
    let change = regions.change(to: chunk, at: offset, from: parent?.id)
    let wasDecoded = try writer.store(
      chunk, id: id, kind: .data, at: offset,
      like: base.map { regions.base($0, of: change, length: chunk.byteCount, at: offset) })
    regions.note(chunk, of: id, change, at: offset, wasDecoded: wasDecoded)
  }

  mutating func storeZeros() throws(SnapshotError) -> NamedChunk {
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
  func view(_ start: Int, _ count: Int) -> RawSpan {
    unsafe _overrideLifetime(
      UnsafeRawBufferPointer(rebasing: input.storage[start..<start + count]).bytes, copying: ())
  }

  /// Not 0 exactly where the bytes begin as an SQLite database does.
  func fingerprint(_ start: Int, _ count: Int) -> UInt64 {
    SQLitePage.fingerprint(view(start, min(count, SQLitePage.bytes)))
  }

  /// Whether equal stat data will mean an unchanged file next time: not where it was written so shortly before it was
  /// read that a later write may have left the same times.
  func isTrusted(_ status: FileStatus, _ started: Timestamp) -> Bool {
    started.seconds(since: max(status.modified, status.changed)) > 2
  }

  static func failure(_ error: SystemError, _ job: FileJob) -> SnapshotWarning.Failure {
    let hasGone = error.errno == .noSuchFileOrDirectory
    return SnapshotWarning.Failure(
      warning: SnapshotWarning(hasGone ? .vanished : .unreadable, "\(error)", path: job.relativePath))
  }
}

/// Whether a file is as it was.
func sameFile(_ a: FileStatus, _ b: FileStatus) -> Bool {
  a.inode == b.inode && a.device == b.device && a.size == b.size && a.modified == b.modified && a.changed == b.changed
}
