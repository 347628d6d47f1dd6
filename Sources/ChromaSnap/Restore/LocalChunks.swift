import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO
import SystemPackage

/// What the target holds now, as a place to take chunks from: where a file still has a chunk's bytes at the same place,
/// reading and proving them costs less than decoding the chunk.
///
/// The bytes are copied, never linked: what is kept for undo shares nothing with what is restored.
final class LocalChunks: Sendable {
  private let root: FilePath
  /// By entry: bytes that were taken.
  private let taken = Mutex<[Int: UInt64]>([:])

  /// - Returns: `nil` where there is no such directory.
  init?(_ target: FilePath) {
    guard (try? FileStatus(at: target).kind) == .directory else { return nil }
    root = target
  }

  fileprivate func open(_ names: [[UInt8]]) -> SharedDescriptor? {
    let path = names.reduce(root) { $0.appending(nameBytes: $1) }
    guard let file = try? Descriptor(opening: path, .read, [.noFollow, .nonBlocking]),
      (try? file.status().kind) == .file
    else { return nil }
    return SharedDescriptor(file)
  }

  fileprivate func note(_ bytes: UInt64, of entry: Int) { taken.withLock { $0[entry, default: 0] += bytes } }

  /// How many files were taken whole.
  func files(of plan: RestorePlan) -> Int {
    taken.withLock { taken in taken.count { plan.entries[$0.key].entry.size == $0.value } }
  }
}

/// A chunk of a file to restore, and where in it.
struct TargetChunk {
  var id: ChunkID
  var length: UInt64
  var offset: UInt64

  /// Chunks that follow each other in a file.
  static func chunks(_ children: [ChunkList.Child], from start: UInt64) -> [TargetChunk] {
    var offset = start
    return children.map { chunk in
      defer { offset += chunk.length }
      return TargetChunk(id: chunk.id, length: chunk.length, offset: offset)
    }
  }
}

/// One worker's buffers for chunks of the target.
struct LocalReader: ~Copyable {
  private var buffers = ByteBuffers(ChunkID.hashedAtOnce, capacity: Limits.chunkBytes)

  /// Chunks in a row that are not there, after which the rest of a segment is not asked for.
  private static let missesMaximum = 8

  /// Writes the chunks of one segment that the target's file holds at the same place, each proved by its id.
  /// - Returns: The others.
  mutating func copy(
    _ chunks: [TargetChunk], of entry: Int, names: [[UInt8]], from local: LocalChunks,
    _ write: (borrowing ByteBuffer, UInt64) throws(SnapshotError) -> Void
  ) throws(SnapshotError) -> [TargetChunk] {
    guard let file = local.open(names) else { return chunks }
    var others: [TargetChunk] = []
    var misses = 0
    var taken: UInt64 = 0
    var next = 0
    while next < chunks.count, misses < Self.missesMaximum {
      let wanted = chunks[next...].prefix(buffers.count)
      next = wanted.endIndex
      var found: [UnsafeRawBufferPointer] = unsafe []
      for (number, chunk) in wanted.enumerated() {
        Self.read(chunk, from: file, into: &buffers[number])
        unsafe found.append(buffers[number].pointer)
      }
      for (number, (chunk, id)) in unsafe zip(wanted, ChunkID.ids(of: found)).enumerated() {
        guard id == chunk.id else {
          others.append(chunk)
          misses += 1
          continue
        }
        try write(buffers[number], chunk.offset)
        taken += chunk.length
        misses = 0
      }
    }
    if next < chunks.count { others += chunks[next...] }
    local.note(taken, of: entry)
    return others
  }

  private static func read(_ chunk: TargetChunk, from file: SharedDescriptor, into buffer: inout ByteBuffer) {
    let target = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer.storage[..<Int(chunk.length)])
    // What can't be read is not there.
    buffer.count = unsafe (try? file.descriptor.read(at: chunk.offset, into: target)) ?? 0
  }
}
