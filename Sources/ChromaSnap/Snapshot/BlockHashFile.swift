package import SnapshotFormat
package import SystemIO

/// The hashes of the blocks of one file's regions: for each region a record at its place, which says of which chunk it is.
///
/// Records are written in place and never synced: each proves itself, so that one that was torn, or is of another chunk
/// or made under another key, is not used. Any thread may read and write; nobody works on a region twice at once.
///
/// A record is the 32 bytes of a fingerprint of what follows, the chunk's id, eight bytes for `Record.changed` and
/// `isKept`, and eight bytes for each block.
package final class BlockHashFile: Sendable {
  private let file: SharedDescriptor
  private let regionBytes: Int
  package let key: LastingFingerprint.Key

  package struct Record: Equatable, Sendable {
    package var hashes: BlockHashes
    /// The sequence number, less than 2^63, of the snapshot in which the region changed last; 0 where it never has.
    package var changed: UInt64
    /// Whether its bytes should be in ``RegionBytes``.
    package var isKept: Bool

    package init(_ hashes: BlockHashes, changed: UInt64, isKept: Bool) {
      self.hashes = hashes
      self.changed = changed
      self.isKept = isKept
    }
  }

  package init(_ file: consuming Descriptor, regionBytes: Int, key: LastingFingerprint.Key) {
    self.file = SharedDescriptor(file)
    self.regionBytes = regionBytes
    self.key = key
  }

  /// What is known of a chunk of so many bytes, where it is the one that was recorded last at its place.
  package func record(of chunk: ChunkID, length: Int, at offset: UInt64) -> Record? {
    let count = BlockHashes.count(in: length)
    let size = Self.headBytes + 8 * count
    return unsafe withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { record in
      guard unsafe (try? file.descriptor.read(at: place(of: offset), into: record)) == size,
        unsafe record[LastingFingerprint.byteCount..<Self.stateAt].elementsEqual(chunk.bytes)
      else { return nil }
      let view = unsafe UnsafeRawBufferPointer(record).bytes
      let proof = LastingFingerprint.encode([key.fingerprint(of: view.extracting(LastingFingerprint.byteCount...))])
      guard unsafe record.starts(with: proof) else { return nil }
      func word(_ at: Int) -> UInt64 { unsafe UInt64(littleEndian: record.load(fromByteOffset: at, as: UInt64.self)) }
      let state = word(Self.stateAt)
      return Record(
        BlockHashes((0..<count).map { word(Self.headBytes + 8 * $0) }), changed: state >> 1, isKept: state & 1 == 1)
    }
  }

  /// Notes what is known of a chunk, in the place of that of the one that it follows.
  package func write(_ record: Record, of chunk: ChunkID, at offset: UInt64) {
    let hashes = record.hashes.words
    let size = Self.headBytes + 8 * hashes.count
    unsafe withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { bytes in
      let start = LastingFingerprint.byteCount
      unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[start...]).copyBytes(from: chunk.bytes)
      func put(_ word: UInt64, at: Int) {
        unsafe bytes.storeBytes(of: word.littleEndian, toByteOffset: at, as: UInt64.self)
      }
      put(record.changed << 1 | (record.isKept ? 1 : 0), at: Self.stateAt)
      for (i, word) in hashes.enumerated() { put(word, at: Self.headBytes + 8 * i) }
      let view = unsafe UnsafeRawBufferPointer(bytes).bytes
      unsafe bytes.copyBytes(from: LastingFingerprint.encode([key.fingerprint(of: view.extracting(start...))]))
      // What can't be kept is not known next time, no more.
      try? unsafe file.descriptor.write(UnsafeRawBufferPointer(bytes), at: place(of: offset))
    }
  }

  private static let stateAt = LastingFingerprint.byteCount + 32
  private static let headBytes = stateAt + 8

  private func place(of offset: UInt64) -> UInt64 {
    offset / UInt64(regionBytes) * UInt64(Self.headBytes + 8 * BlockHashes.count(in: regionBytes))
  }
}
