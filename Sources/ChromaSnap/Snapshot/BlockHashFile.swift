package import SnapshotFormat
import SnapshotRepository
package import SystemIO
import SystemPackage

/// What is kept locally of a source's long files that are cut at regions: the hashes of the blocks of the regions that were
/// stored last. They tell where a region has changed without decoding it as it was.
struct BlockHashCache: Sendable {
  private let folder: FilePath
  private let source: String
  private let regionBytes: Int
  private let key: LastingFingerprint.Key

  /// - Parameter source: The source's id.
  init(_ repository: Repository, source: String, key: LastingFingerprint.Key) {
    folder = Self.folder(of: repository)
    self.source = source
    self.key = key
    regionBytes = repository.config.chunking.regionBytes
  }

  /// Those of one file, by its path in the source. They only help: `nil` where they can't be kept, and of a short file, which
  /// is decoded as fast.
  func file(_ path: [UInt8], length: UInt64) -> BlockHashFile? {
    guard length >= UInt64(FileWorker.fingerprintedChunks * regionBytes) else { return nil }
    let name = ChunkID(of: Array(source.utf8) + [0] + path).description.prefix(32)
    guard (try? FileSystem.makeFolders(folder)) != nil,
      let file = try? Descriptor(opening: folder.appending(String(name)), .readWrite, [.create])
    else { return nil }
    return BlockHashFile(file, regionBytes: regionBytes, key: key)
  }

  /// Removes the files that no snapshot has written to for so long that nothing is patched against what they tell of.
  static func removeOld(of repository: Repository) {
    let folder = folder(of: repository)
    guard let names = try? DirectoryReader.names(in: folder) else { return }
    for name in names {
      let path = folder.appending(nameBytes: name)
      guard let status = try? FileStatus(at: path, following: false),
        Timestamp.now.seconds(since: status.modified) > Double(ChunkWriter.chainSecondsMaximum)
      else { continue }
      try? FileSystem.removeFile(path)
    }
  }

  private static func folder(of repository: Repository) -> FilePath { repository.cacheFolder.appending("blocks") }
}

/// The hashes of one file's regions: for each a record at its place, which says of which chunk it is.
///
/// Records are written in place and never synced: each proves itself, so that one that was torn, or is of another chunk
/// or made under another key, is not used. Any thread may read and write; nobody works on a region twice at once.
///
/// A record is the 32 bytes of a fingerprint of what follows, the chunk's id, and eight bytes for each block.
package final class BlockHashFile: Sendable {
  private let file: SharedDescriptor
  private let regionBytes: Int
  package let key: LastingFingerprint.Key

  package init(_ file: consuming Descriptor, regionBytes: Int, key: LastingFingerprint.Key) {
    self.file = SharedDescriptor(file)
    self.regionBytes = regionBytes
    self.key = key
  }

  /// The hashes of the blocks of a chunk of so many bytes, where it is the one that was recorded last at its place.
  package func hashes(of chunk: ChunkID, length: Int, at offset: UInt64) -> BlockHashes? {
    let count = BlockHashes.count(in: length)
    let size = Self.headBytes + 8 * count
    return unsafe withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { record in
      guard unsafe (try? file.descriptor.read(at: place(of: offset), into: record)) == size,
        unsafe record[LastingFingerprint.byteCount..<Self.headBytes].elementsEqual(chunk.bytes)
      else { return nil }
      let view = unsafe UnsafeRawBufferPointer(record).bytes
      let proof = LastingFingerprint.encode([key.fingerprint(of: view.extracting(LastingFingerprint.byteCount...))])
      guard unsafe record.starts(with: proof) else { return nil }
      return BlockHashes(
        (0..<count).map { i in
          unsafe UInt64(
            littleEndian: record.load(fromByteOffset: Self.headBytes + 8 * i, as: UInt64.self))
        })
    }
  }

  /// Notes the hashes of a chunk's blocks, in the place of those of the one that it follows.
  package func record(_ hashes: BlockHashes, of chunk: ChunkID, at offset: UInt64) {
    let size = Self.headBytes + 8 * hashes.words.count
    unsafe withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { record in
      let start = LastingFingerprint.byteCount
      unsafe UnsafeMutableRawBufferPointer(rebasing: record[start...]).copyBytes(from: chunk.bytes)
      for (i, word) in hashes.words.enumerated() {
        unsafe record.storeBytes(of: word.littleEndian, toByteOffset: Self.headBytes + 8 * i, as: UInt64.self)
      }
      let view = unsafe UnsafeRawBufferPointer(record).bytes
      unsafe record.copyBytes(from: LastingFingerprint.encode([key.fingerprint(of: view.extracting(start...))]))
      // What can't be kept is not known next time, no more.
      try? unsafe file.descriptor.write(UnsafeRawBufferPointer(record), at: place(of: offset))
    }
  }

  private static let headBytes = LastingFingerprint.byteCount + 32

  private func place(of offset: UInt64) -> UInt64 {
    offset / UInt64(regionBytes) * UInt64(Self.headBytes + 8 * BlockHashes.count(in: regionBytes))
  }
}
