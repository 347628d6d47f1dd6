package import SnapshotFormat
package import SnapshotRepository
import Synchronization
import SystemIO
package import SystemPackage

/// What is kept locally of a source's long files that are cut at regions, as these were stored last: hashes of the blocks
/// of all regions, which tell where one has changed without decoding it as it was, and the bytes of those regions that
/// change again and again, so that these need not be decoded for a patch either.
///
/// All of it only helps: what is lost or damaged costs time.
package struct RegionCache: Sendable {
  private let folder: FilePath
  private let source: String
  /// The sequence number of the snapshot that is being taken.
  private let snapshot: UInt64
  private let regionBytes: Int
  private let key: LastingFingerprint.Key
  private let room: RegionBytes.Room
  private let use = CachedRegions.Use()

  /// The part of a disk's free space that they may take.
  private static let shareOfDisk = 8
  private static let bytesSuffix = ".bytes"

  /// - Parameters:
  ///   - folder: Where it lies.
  ///   - source: The source's id.
  ///   - snapshot: The sequence number of the snapshot that is being taken.
  ///   - bytesMaximum: Bytes of regions that are kept for all sources.
  package init(
    in folder: FilePath, source: String, snapshot: UInt64, regionBytes: Int, key: LastingFingerprint.Key,
    bytesMaximum: Int = 512 << 20
  ) {
    self.folder = folder
    self.source = source
    self.snapshot = snapshot
    self.key = key
    self.regionBytes = regionBytes
    room = RegionBytes.Room { Self.room(in: folder, of: bytesMaximum) }
  }

  init(_ repository: Repository, source: String, snapshot: UInt64, key: LastingFingerprint.Key) {
    self.init(
      in: Self.folder(of: repository), source: source, snapshot: snapshot,
      regionBytes: repository.config.chunking.regionBytes, key: key)
  }

  /// Bytes that may still be kept.
  private static func room(in folder: FilePath, of bytesMaximum: Int) -> Int {
    guard let free = try? FileSystem.freeBytes(at: folder) else { return 0 }
    let taken = files(in: folder).reduce(0) { $0 + (holdsBytes($1.path) ? $1.status.allocatedSize : 0) }
    return min(bytesMaximum - Int(min(taken, UInt64(bytesMaximum))), Int(min(free, 1 << 60)) / shareOfDisk)
  }

  /// What is kept of one file, by its path in the source: `nil` where that can't be, and of a short file, which is decoded
  /// as fast.
  package func file(_ path: [UInt8], length: UInt64) -> CachedRegions? {
    guard length >= UInt64(FileWorker.fingerprintedChunks * regionBytes) else { return nil }
    let name = String(ChunkID(of: Array(source.utf8) + [0] + path).description.prefix(32))
    guard (try? FileSystem.makeFolders(folder)) != nil,
      let hashes = try? Descriptor(opening: folder.appending(name), .readWrite, [.create]),
      let bytes = try? Descriptor(opening: folder.appending(name + Self.bytesSuffix), .readWrite, [.create])
    else { return nil }
    return CachedRegions(
      hashes: BlockHashFile(hashes, regionBytes: regionBytes, key: key), bytes: RegionBytes(bytes, room: room),
      snapshot: snapshot, use: use)
  }

  /// To be called when all is stored. Bytes that leave no room for others, and of which few were of use, make room.
  package func conclude() {
    guard use.isLittle, room.atFirst < regionBytes else { return }
    for file in Self.files(in: folder) where Self.holdsBytes(file.path) {
      try? Descriptor(opening: file.path, .write).resize(to: 0)
    }
  }

  /// Removes the files that no snapshot has written to for so long that nothing is patched against what they tell of.
  static func removeOld(of repository: Repository) {
    for file in files(in: folder(of: repository))
    where Timestamp.now.seconds(since: file.status.modified) > Double(ChunkWriter.chainSecondsMaximum) {
      try? FileSystem.removeFile(file.path)
    }
  }

  private static func holdsBytes(_ path: FilePath) -> Bool { path.string.hasSuffix(bytesSuffix) }

  private static func files(in folder: FilePath) -> [(path: FilePath, status: FileStatus)] {
    guard let names = try? DirectoryReader.names(in: folder) else { return [] }
    return names.compactMap { name in
      let path = folder.appending(nameBytes: name)
      return (try? FileStatus(at: path, following: false)).map { (path, $0) }
    }
  }

  private static func folder(of repository: Repository) -> FilePath { repository.cacheFolder.appending("regions") }
}

/// What is kept of one file.
package struct CachedRegions: Sendable {
  let hashes: BlockHashFile
  let bytes: RegionBytes
  /// The sequence number of the snapshot that is being taken.
  let snapshot: UInt64
  let use: Use

  /// A region that changed within so many snapshots before is likely to change again soon.
  private static let snapshotsOfInterest: UInt64 = 4

  /// How often the bytes of a region that had changed were there.
  final class Use: Sendable {
    private let asked = Atomic<Int>(0)
    private let found = Atomic<Int>(0)

    fileprivate func count(found isFound: Bool) {
      asked.add(1, ordering: .relaxed)
      if isFound { found.add(1, ordering: .relaxed) }
    }

    /// Seldom, as far as one can tell.
    var isLittle: Bool {
      let asked = asked.load(ordering: .relaxed)
      return asked >= 16 && found.load(ordering: .relaxed) < asked / 4
    }
  }

  /// A region that is to be stored, and what is known of it as it was.
  package final class Change {
    fileprivate let hashes: BlockHashes
    fileprivate let old: (record: BlockHashFile.Record, dirty: DirtyBlocks)?
    /// Whether its bytes are kept as they were, as far as one knows.
    fileprivate var isKept: Bool

    fileprivate init(_ hashes: BlockHashes, since record: BlockHashFile.Record?) {
      self.hashes = hashes
      old = record.map { ($0, hashes.difference(from: $0.hashes)) }
      isKept = record?.isKept ?? false
    }
  }

  /// - Parameter parent: The parent snapshot's chunk at this place.
  package func change(to region: RawSpan, at offset: UInt64, from parent: ChunkID?) -> Change {
    Change(
      BlockHashes(of: region, under: hashes.key.blocks),
      since: parent.flatMap { hashes.record(of: $0, length: region.byteCount, at: offset) })
  }

  /// The base of a patch, with what is known of it here.
  package func base(_ base: ChunkWriter.Base, of change: Change, length: Int, at offset: UInt64) -> ChunkWriter.Base {
    guard let (record, dirty) = change.old else { return base }
    let blocks = hashes.key.blocks
    let proof = { record.hashes.match($0, in: dirty, under: blocks) }
    var base = base
    base.dirty = dirty
    base.proof = proof
    if change.isKept {
      base.dirtyBytes = { [bytes] base in
        change.isKept = bytes.read(dirty, length: length, at: offset, into: &base) && proof(base.bytes)
        return change.isKept
      }
    }
    return base
  }

  /// Notes a region that is stored now.
  /// - Parameter wasDecoded: Whether its base had to be decoded.
  package func note(_ region: RawSpan, of chunk: ChunkID, _ change: Change, at offset: UInt64, wasDecoded: Bool) {
    var isKept = false
    if let (record, dirty) = change.old {
      use.count(found: change.isKept)
      if change.isKept {
        isKept = bytes.update(region, dirty, at: offset)
      } else if wasDecoded, record.changed > 0, snapshot &- record.changed <= Self.snapshotsOfInterest {
        isKept = bytes.keep(region, at: offset)
      }
    }
    hashes.write(
      BlockHashFile.Record(change.hashes, changed: change.old == nil ? 0 : snapshot, isKept: isKept), of: chunk,
      at: offset)
  }
}
