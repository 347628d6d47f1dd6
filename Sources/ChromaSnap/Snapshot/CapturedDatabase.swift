import ChromaDB
import SnapshotFormat
import SystemIO
package import SystemPackage

/// The database on disk that a snapshot of this run was made of, for as far as it still is the same.
///
/// Others may write to it. Each block that is read is held against the fingerprint that the capture took of it; one that
/// differs is not used.
package final class CapturedDatabase: RandomAccessFile {
  private let file: DescriptorFile
  private let regions: DatabaseRegions
  /// Bytes that have been read of it; 0 where it was as it had been.
  package let size: UInt64

  /// Opens it, once the capture is over. No SQLite connection of this process may be open on it: closing this would drop
  /// its locks.
  /// - Returns: `nil` where it can't be opened: then it is read from the snapshot.
  package init?(_ path: FilePath, _ regions: DatabaseRegions) {
    guard let file = try? DescriptorFile(opening: path) else { return nil }
    self.file = file
    self.regions = regions
    size = regions.bytes
  }

  /// Fills `buffer` with bytes of a chunk that begins at `start` in the file.
  /// - Returns: Whether they are the chunk's. They must be whole blocks of it, or all up to its end.
  func read(_ chunk: ChunkID, beginningAt start: UInt64, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer)
    -> Bool
  {
    let (number, rest) = Int(start).quotientAndRemainder(dividingBy: regions.regionBytes)
    guard rest == 0, unsafe (try? file.read(into: buffer, at: offset)) == buffer.count else { return false }
    return unsafe regions.proves(
      UnsafeRawBufferPointer(buffer).bytes, at: Int(offset - start), in: number, of: chunk)
  }

  /// Reads what the snapshot holds, before it can be read there.
  /// - Throws: `Changed`, where that is not known to be what lies on the disk.
  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
    let (first, size) = (Int(offset), Int(size))
    let count = min(buffer.count, size - first)
    guard count > 0 else { return 0 }
    let block = Fingerprint.blockBytes
    let start = first / block * block
    let end = min(size, (first + count + block - 1) / block * block)
    let number = start / regions.regionBytes
    guard (end - 1) / regions.regionBytes == number else { throw Changed() }
    try unsafe withUnsafeTemporaryAllocation(byteCount: end - start, alignment: 64) { blocks in
      guard unsafe try file.read(into: blocks, at: UInt64(start)) == blocks.count,
        unsafe regions.proves(
          UnsafeRawBufferPointer(blocks).bytes, at: start - number * regions.regionBytes, in: number)
      else { throw Changed() }
      unsafe buffer.copyMemory(
        from: UnsafeRawBufferPointer(rebasing: blocks[(first - start)..<(first - start + count)]))
    }
    return count
  }

  package struct Changed: Error {}
}
