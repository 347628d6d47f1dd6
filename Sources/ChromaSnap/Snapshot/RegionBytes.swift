package import SnapshotFormat
import Synchronization
package import SystemIO

/// The bytes of those regions of one file that change again and again, as they were stored last: a sparse file in which
/// each lies where it lies in the file itself.
///
/// It says nothing of what it holds, and is never synced: whoever reads from it proves what is read by its hashes. Any
/// thread may read and write; nobody works on a region twice at once.
package struct RegionBytes: Sendable {
  private let file: SharedDescriptor
  private let room: Room

  /// How many bytes may still be kept.
  package final class Room: Sendable {
    private let bytes: Atomic<Int>
    package init(_ bytes: Int) { self.bytes = Atomic(bytes) }

    var left: Int { bytes.load(ordering: .relaxed) }

    fileprivate func take(_ count: Int) -> Bool {
      let left = bytes.subtract(count, ordering: .relaxed).newValue
      if left < 0 { bytes.add(count, ordering: .relaxed) }
      return left >= 0
    }
  }

  package init(_ file: consuming Descriptor, room: Room) {
    self.file = SharedDescriptor(file)
    self.room = room
  }

  /// Puts the dirty blocks of a region of so many bytes, as they were, where they are in the region.
  /// - Returns: Whether they could be read.
  package func read(_ dirty: DirtyBlocks, length: Int, at offset: UInt64, into region: inout ByteBuffer) -> Bool {
    region.count = length
    return dirty.byteRanges(length: length).allSatisfy { range in
      let target = unsafe UnsafeMutableRawBufferPointer(rebasing: region.storage[range])
      return unsafe (try? file.descriptor.read(at: offset + UInt64(range.lowerBound), into: target)) == range.count
    }
  }

  /// Keeps a region of which the other blocks are kept.
  /// - Returns: Whether it is kept.
  package func update(_ region: RawSpan, _ dirty: DirtyBlocks, at offset: UInt64) -> Bool {
    dirty.byteRanges(length: region.byteCount).allSatisfy {
      write(region.extracting($0), at: offset + UInt64($0.lowerBound))
    }
  }

  /// Keeps a region of which nothing is, where there is room for it.
  /// - Returns: Whether it is kept.
  package func keep(_ region: RawSpan, at offset: UInt64) -> Bool {
    room.take(region.byteCount) && write(region, at: offset)
  }

  private func write(_ bytes: RawSpan, at offset: UInt64) -> Bool {
    unsafe bytes.withUnsafeBytes { bytes in unsafe (try? file.descriptor.write(bytes, at: offset)) != nil }
  }
}
