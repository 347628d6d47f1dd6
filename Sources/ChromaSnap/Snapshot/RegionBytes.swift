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

  /// How many bytes may still be kept: found out when somebody first asks.
  package final class Room: Sendable {
    private let measure: @Sendable () -> Int
    private let state = Mutex<(atFirst: Int, left: Int)?>(nil)

    package init(_ measure: @escaping @Sendable () -> Int) { self.measure = measure }

    /// How many they were when somebody first asked.
    var atFirst: Int { look { $0.atFirst } }

    fileprivate func take(_ count: Int) -> Bool {
      look { room in
        guard room.left >= count else { return false }
        room.left -= count
        return true
      }
    }

    private func look<Result>(_ body: (inout (atFirst: Int, left: Int)) -> Result) -> Result {
      state.withLock { state in
        var room: (atFirst: Int, left: Int)
        if let state {
          room = state
        } else {
          let bytes = measure()
          room = (bytes, bytes)
        }
        defer { state = room }
        return body(&room)
      }
    }
  }

  package init(_ file: consuming Descriptor, room: Room) {
    self.file = SharedDescriptor(file)
    self.room = room
  }

  /// To read or write what lies between two runs of dirty blocks takes less time than another call, up to so many bytes.
  private static let gapBytes = 4096

  /// Puts the dirty blocks of a region of so many bytes, as they were, where they are in the region, and maybe others.
  /// - Returns: Whether they could be read.
  package func read(_ dirty: DirtyBlocks, length: Int, at offset: UInt64, into region: inout ByteBuffer) -> Bool {
    region.count = length
    return dirty.byteRanges(length: length, joinedOver: Self.gapBytes).allSatisfy { range in
      let target = unsafe UnsafeMutableRawBufferPointer(rebasing: region.storage[range])
      return unsafe (try? file.descriptor.read(at: offset + UInt64(range.lowerBound), into: target)) == range.count
    }
  }

  /// Keeps a region of which the other blocks are kept.
  /// - Returns: Whether it is kept.
  package func update(_ region: RawSpan, _ dirty: DirtyBlocks, at offset: UInt64) -> Bool {
    dirty.byteRanges(length: region.byteCount, joinedOver: Self.gapBytes).allSatisfy {
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
