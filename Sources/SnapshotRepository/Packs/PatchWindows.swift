import ObjectStorage
import SnapshotFormat
import SystemIO

/// Patches that were read along with another, by pack. Regions that lie side by side in a file were mostly stored one after
/// the other, snapshot by snapshot: whoever goes through their chains finds the next one's links right behind.
struct PatchWindows: ~Copyable {
  /// What is read at once.
  static let windowBytes = 32 << 10
  /// Of how many packs something is kept.
  private static let windows = 64

  private let memory = ByteBuffer(capacity: windows * windowBytes)
  private var held: [ChunkID: (window: Int, range: Range<UInt64>)] = [:]
  /// By window: whose it is.
  private var owners: [ChunkID] = []
  /// The window that is given away next.
  private var next = 0

  /// Bytes of a pack: at most a window. They stay until the next call.
  /// - Parameter read: Reads the pack from the first of them on, until the buffer is full or the pack ends.
  mutating func bytes(
    _ pack: ChunkID, _ range: Range<UInt64>,
    _ read: (UnsafeMutableRawBufferPointer) throws(StoreError) -> Int
  ) throws(StoreError) -> UnsafeRawBufferPointer {
    if let found = held[pack], found.range.lowerBound <= range.lowerBound, range.upperBound <= found.range.upperBound {
      return unsafe part(found.window, Int(range.lowerBound - found.range.lowerBound), range.count)
    }
    let window = held.removeValue(forKey: pack)?.window ?? take()
    // Nobody's, until it is read.
    owners[window] = ChunkID(of: [])
    let room = unsafe memory.storage[window * Self.windowBytes..<(window + 1) * Self.windowBytes]
    let count = unsafe try read(UnsafeMutableRawBufferPointer(rebasing: room))
    guard count >= range.count else { throw StoreError(.truncated, ObjectNames.pack(pack)) }
    owners[window] = pack
    held[pack] = (window, range.lowerBound..<range.lowerBound + UInt64(count))
    return unsafe part(window, 0, range.count)
  }

  /// A window that nobody has, else that of the pack that got one longest ago.
  private mutating func take() -> Int {
    if owners.count < Self.windows {
      owners.append(ChunkID(of: []))
      return owners.count - 1
    }
    defer { next = (next + 1) % Self.windows }
    held[owners[next]] = nil
    return next
  }

  private func part(_ window: Int, _ start: Int, _ count: Int) -> UnsafeRawBufferPointer {
    let from = window * Self.windowBytes + start
    return unsafe UnsafeRawBufferPointer(rebasing: memory.storage[from..<from + count])
  }
}
