import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO

/// The plaintext of chunks for a reader that jumps about: each is decoded once.
///
/// The chunks that were used last are kept in memory. Those that leave it go to a spool, for the trees of a database lie
/// interleaved in its file, and each of them passes nearly every chunk. Any thread may ask.
final class DecodedChunks: Sendable {
  final class Plaintext: Sendable {
    let bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }
  }

  private struct Entry {
    var plaintext: Plaintext
    var used: Int
  }

  private struct State {
    var entries: [ChunkID: Entry] = [:]
    var spooled: [ChunkID: Spool.Run] = [:]
    var clock = 0
  }

  /// A reader that one thread uses at a time.
  private final class Reader: @unchecked Sendable {
    var reader: ChunkReader
    var buffer = ByteBuffer(capacity: Limits.chunkBytes)
    init(_ reader: consuming ChunkReader) { self.reader = reader }
  }

  /// 64 MiB of the usual regions.
  private static let entriesMaximum = 256

  private let repository: Repository
  private let index: ChunkIndex
  private let spool: Spool
  private let state = Mutex(State())
  private let readers = Mutex<[Reader]>([])

  init(_ repository: Repository, index: ChunkIndex) {
    self.repository = repository
    self.index = index
    spool = Spool(memory: 0, folder: repository.cacheFolder)
  }

  /// A chunk's plaintext.
  /// - Parameter isPassing: It is not wanted again: it is neither kept nor spooled.
  func plaintext(of id: ChunkID, length: Int, isPassing: Bool) throws(SnapshotError) -> Plaintext {
    let (known, run) = state.withLock { state -> (Plaintext?, Spool.Run?) in
      state.clock += 1
      state.entries[id]?.used = state.clock
      return (state.entries[id]?.plaintext, state.spooled[id])
    }
    if let known { return known }
    let reader = readers.withLock { $0.popLast() } ?? Reader(ChunkReader(repository, index: index))
    defer { readers.withLock { $0.append(reader) } }
    reader.buffer.count = 0
    if let run {
      reader.buffer.count = try calling("reading what was decoded") { () throws(SystemError) in
        unsafe try spool.read(run, into: reader.buffer.storage)
      }
    } else {
      try reader.reader.read(id, into: &reader.buffer)
    }
    guard reader.buffer.count == length else {
      throw SnapshotError(
        .damaged, "chunk \(id.short) is \(reader.buffer.count) bytes long instead of \(length)",
        hint: SnapshotError.runCheck, chunk: id)
    }
    let plaintext = unsafe Plaintext([UInt8](reader.buffer.pointer))
    if !isPassing { try keep(plaintext, of: id) }
    return plaintext
  }

  private func keep(_ plaintext: Plaintext, of id: ChunkID) throws(SnapshotError) {
    let leaving = state.withLock { state -> (ChunkID, Plaintext)? in
      state.clock += 1
      state.entries[id] = Entry(plaintext: plaintext, used: state.clock)
      guard state.entries.count > Self.entriesMaximum,
        let oldest = state.entries.min(by: { $0.value.used < $1.value.used })
      else { return nil }
      state.entries[oldest.key] = nil
      return state.spooled[oldest.key] == nil ? (oldest.key, oldest.value.plaintext) : nil
    }
    guard let (old, plaintext) = leaving else { return }
    let bytes = plaintext.bytes
    let run = try calling("setting aside what was decoded") { () throws(SystemError) in try spool.add(bytes.rawSpan) }
    state.withLock { $0.spooled[old] = run }
  }
}
