import ChromaDB
import SnapshotFormat
import SystemPackage

/// The database on disk that a snapshot of this run was made of, for as far as it still is the same.
///
/// Others may write to it. Each block that is read is held against the fingerprint that the capture took of it; one that
/// differs is not used.
final class CapturedDatabase: Sendable {
  private let file: DescriptorFile
  private let regions: DatabaseRegions

  /// Opens it. No SQLite connection of this process may be open on it: closing this would drop its locks.
  /// - Returns: `nil` where it can't be opened: then it is read from the snapshot.
  init?(_ path: FilePath, _ regions: DatabaseRegions) {
    guard let file = try? DescriptorFile(opening: path) else { return nil }
    self.file = file
    self.regions = regions
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
}
