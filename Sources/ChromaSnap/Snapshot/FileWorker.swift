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
  /// What is read at a time.
  var input: ByteBuffer
  /// A region of zeros, once it is stored: a hole is not read.
  var zeros: NamedChunk?
  let key: LastingFingerprint.Key

  struct NamedChunk {
    var id: ChunkID
    var fingerprint: LastingFingerprint
  }

  /// As many as are hashed at once, and some more: of those that have changed, fewer are left to be hashed alone.
  static let regionsAtOnce = max(4, ChunkID.hashedAtOnce)

  /// So many bytes nearly always hold the end of a chunk.
  static func lookahead(_ parameters: ChunkingParameters) -> Int {
    min(2 * parameters.averageBytes, parameters.maximumBytes)
  }

  /// Twice what is hashed at once, so that where one chunk ends another takes its place, and no less than the cuts need:
  /// what is read is best compressed before it leaves the processor's cache.
  private static func inputBytes(_ parameters: ChunkingParameters) -> Int {
    max(
      regionsAtOnce * parameters.regionBytes, 2 * ChunkID.hashedAtOnce * parameters.averageBytes,
      parameters.maximumBytes + lookahead(parameters))
  }

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
    input = ByteBuffer(capacity: Self.inputBytes(parameters))
    writer = ChunkWriter(repository, index: index, level: level)
  }

  // MARK: Small files

  /// Reads files that are one chunk each, and hashes several at a time.
  mutating func read(_ jobs: [FileJob]) throws(SnapshotError) -> [FileOutcome] {
    var outcomes: [FileOutcome] = []
    outcomes.reserveCapacity(jobs.count)
    let started = Timestamp.now
    let room = parameters.minimumBytes + 1
    var waiting: [Waiting] = []
    var filled = 0
    for job in jobs {
      if waiting.count == Self.filesAtOnce || input.capacity - filled < room {
        try store(waiting, &outcomes)
        waiting.removeAll(keepingCapacity: true)
        filled = 0
      }
      let position = outcomes.count
      let (status, count, attributes): (FileStatus, Int, [ExtendedAttribute]?)
      do throws(SnapshotWarning.Failure) {
        (status, count, attributes) = try readWhole(job, into: filled, room: room)
      } catch {
        outcomes.append(.leftOut(error.warning))
        continue
      }
      let fingerprint = fingerprint(filled, count)
      let reading = FileReading(
        content: Content(length: UInt64(count), depth: 0, root: nil),
        chunking: fingerprint != 0 || job.isIndexFile ? .regions : .contentDefined,
        mark: FolderState.Mark(isTrusted: isTrusted(status, started), pageFingerprint: fingerprint),
        attributes: attributes)
      bytesRead += UInt64(count)
      let isStable = FileStamp(status) == FileStamp(job.status) && count == Int(status.size)
      outcomes.append(isStable ? .read(reading) : .unstable(reading, status))
      if count == 0 { continue }
      waiting.append((job, reading, filled..<filled + count, position))
      filled += count
    }
    try store(waiting, &outcomes)
    return outcomes
  }

  /// Twice what is hashed at once, so that where one file ends another takes its place, and some more, of which fewer are
  /// left to be hashed alone.
  private static let filesAtOnce = max(16, 2 * ChunkID.hashedAtOnce)

  /// A file that is read, where its bytes lie in the input, and where its outcome.
  private typealias Waiting = (job: FileJob, reading: FileReading, bytes: Range<Int>, position: Int)

  private mutating func store(_ files: [Waiting], _ outcomes: inout [FileOutcome]) throws(SnapshotError) {
    let ids = ids(of: files.map(\.bytes))
    try store(
      zip(files, ids).map { file, id in
        let parent = file.job.parent
        let like = parent?.depth == 0 ? parent?.root : nil
        return (file.bytes, PlacedChunk(id: id, offset: 0, like: like.map { ParentChunks.Base(id: $0) }))
      })
    for (file, id) in zip(files, ids) {
      var reading = file.reading
      reading.content = Content(length: reading.content.length, depth: 0, root: id)
      outcomes[file.position] =
        if case .unstable(_, let last) = outcomes[file.position] { .unstable(reading, last) } else { .read(reading) }
    }
  }

  /// Reads a whole file that is shorter than `room`. A file that has grown past it ends there, and counts as unstable.
  private mutating func readWhole(
    _ job: FileJob, into slot: Int, room: Int
  ) throws(SnapshotWarning.Failure) -> (FileStatus, Int, [ExtendedAttribute]?) {
    if job.status.size == 0 { return (job.status, 0, nil) }
    do throws(SystemError) {
      let target = unsafe UnsafeMutableRawBufferPointer(rebasing: input.storage[slot..<slot + room])
      if let handle = held[job.status] {
        return (try handle.status(), unsafe try handle.read(at: 0, into: target), nil)
      }
      let file = try Descriptor(opening: job.path, .read, [.noFollow, .nonBlocking])
      let count = unsafe try file.read(at: 0, into: target)
      return (try file.status(), count, ExtendedAttribute.all(of: file))
    } catch { throw Self.failure(error, job) }
  }

  // MARK: Chunks

  /// A chunk in the input.
  struct InputChunk {
    var bytes: Range<Int>
    /// Where it begins in its file.
    var offset: UInt64
    var fingerprint: LastingFingerprint
  }

  /// A chunk of a file whose bytes were read just now: its fingerprint is taken while they are in the processor's cache.
  func chunk(_ bytes: Range<Int>, at offset: UInt64, of file: OpenedFile) -> InputChunk {
    let known = file.handle.fingerprint(at: offset, length: bytes.count)
    return InputChunk(
      bytes: bytes, offset: offset, fingerprint: known ?? key.fingerprint(of: view(bytes.lowerBound, bytes.count)))
  }

  /// Names chunks of a file, and stores what is not known: each is called as the parent's chunk at its place where the
  /// fingerprint says that they are the same, else after its hash. Those that are hashed are hashed together. Empties the
  /// list.
  mutating func add(
    _ chunks: inout [InputChunk], _ bases: ParentChunks, _ reading: inout SegmentedFile.Reading
  ) throws(SnapshotError) {
    var ids = chunks.map { bases.unchanged(at: $0.offset, length: $0.bytes.count, $0.fingerprint) }
    let changed = chunks.indices.filter { ids[$0] == nil }
    for (number, id) in zip(changed, self.ids(of: changed.map { chunks[$0].bytes })) { ids[number] = id }
    var named: [(Range<Int>, PlacedChunk)] = []
    named.reserveCapacity(chunks.count)
    for case (let chunk, let id?) in zip(chunks, ids) {
      named.append((chunk.bytes, PlacedChunk(id: id, offset: chunk.offset, like: bases.base(at: chunk.offset))))
      reading.chunks.append(ChunkList.Child(id: id, length: UInt64(chunk.bytes.count)))
      reading.fingerprints.append(chunk.fingerprint)
      bytesRead += UInt64(chunk.bytes.count)
    }
    try store(named, bases.regions)
    chunks.removeAll(keepingCapacity: true)
  }

  /// The ids of parts of the input.
  private func ids(of parts: [Range<Int>]) -> [ChunkID] {
    unsafe ChunkID.ids(of: parts.map { unsafe UnsafeRawBufferPointer(rebasing: input.storage[$0]) })
  }

  /// A chunk of a file by its name.
  struct PlacedChunk {
    var id: ChunkID
    /// Where it begins in its file.
    var offset: UInt64
    /// What the parent snapshot has at this place.
    var like: ParentChunks.Base?
  }

  /// Stores a chunk, unless the parent snapshot holds it at this place and may be relied on, or it is known.
  /// - Parameter regions: What is kept of the file, if it is cut at regions.
  mutating func store(
    _ bytes: RawSpan, as chunk: PlacedChunk, _ regions: CachedRegions?
  ) throws(SnapshotError) {
    if try isParents(chunk) { return }
    try store(bytes, as: chunk, try index.claim(chunk.id, like: chunk.like?.id), regions)
  }

  /// The same for several in the input, for which the catalogue is asked once.
  private mutating func store(
    _ chunks: [(bytes: Range<Int>, chunk: PlacedChunk)], _ regions: CachedRegions? = nil
  ) throws(SnapshotError) {
    var damaged: Int
    var isAgain = false
    repeat {
      damaged = index.damagedCopies
      var changed: [(bytes: Range<Int>, chunk: PlacedChunk)] = []
      for chunk in chunks {
        if try !isParents(chunk.chunk) { changed.append(chunk) }
      }
      let claims = try index.claim(changed.map { ($0.chunk.id, $0.chunk.like?.id) })
      for (chunk, claim) in zip(changed, claims) where claim.isMine || !isAgain {
        try store(view(chunk.bytes.lowerBound, chunk.bytes.count), as: chunk.chunk, claim, regions)
      }
      isAgain = true
      // Looking for bases may have shown that what was taken for known is damaged: its bytes are still at hand.
    } while index.damagedCopies != damaged
  }

  private func isParents(_ chunk: PlacedChunk) throws(SnapshotError) -> Bool {
    guard chunk.id == chunk.like?.id else { return false }
    return try index.trustsParent(chunk.id)
  }

  private mutating func store(
    _ bytes: RawSpan, as chunk: PlacedChunk, _ claim: ChunkIndex.Claim, _ regions: CachedRegions?
  ) throws(SnapshotError) {
    // Half a fingerprint is enough to find damage, which nobody has made to go unseen.
    let key = key.first
    var base = chunk.like.map { like in
      ChunkWriter.Base(
        like.id, chain: claim.base, proof: like.fingerprint.map { known in { key.fingerprint(of: $0) == known.first } })
    }
    guard let regions else {
      if claim.isMine { try writer.storeClaimed(bytes, id: chunk.id, kind: .data, at: chunk.offset, like: base) }
      return
    }
    // What is known of blocks is of a region of the same length: hashes do not tell how long the last block is.
    let before = chunk.like?.length == UInt64(bytes.byteCount) ? chunk.like?.id : nil
    let change = regions.change(to: bytes, at: chunk.offset, from: before)
    base = base.map { regions.base($0, of: change, length: bytes.byteCount, at: chunk.offset) }
    let wasDecoded =
      claim.isMine
      ? try writer.storeClaimed(bytes, id: chunk.id, kind: .data, at: chunk.offset, like: base) : false
    regions.note(bytes, of: chunk.id, change, at: chunk.offset, wasDecoded: wasDecoded)
  }

  mutating func storeZeros() throws(SnapshotError) -> NamedChunk {
    if let zeros { return zeros }
    unsafe input.storage[..<parameters.regionBytes].initializeMemory(as: UInt8.self, repeating: 0)
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
