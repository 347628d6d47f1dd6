import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO

/// The plaintext of chunks for a reader that jumps about: each is decoded once.
///
/// What is wanted again goes to a spool, and is read there by the page, for the trees of a database lie interleaved in
/// its file, and each of them passes nearly every chunk. Any thread may ask.
final class DecodedChunks: Sendable {
  private final class Plaintext: Sendable {
    let bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }
  }

  private struct State {
    /// What was decoded last, in a ring.
    var recent: [(id: ChunkID, plaintext: Plaintext)] = []
    var oldest = 0
    var spooled: [ChunkID: Spool.Run] = [:]
  }

  /// Several threads read a few files each.
  private static let recentMaximum = 16

  private let spool: Spool
  private let state = Mutex(State())
  private let readers: ChunkReaderPool
  private let repository: Repository
  private let index: ChunkIndex
  /// Decodes what will be wanted soon; made when that is asked for.
  private let ahead = Mutex<ChunkSequence?>(nil)

  init(_ repository: Repository, index: ChunkIndex) {
    readers = ChunkReaderPool(repository, index: index)
    self.repository = repository
    self.index = index
    spool = Spool(memory: 0, folder: repository.cacheFolder)
  }

  /// Reads a part of a chunk.
  /// - Parameters:
  ///   - length: The chunk's, in bytes.
  ///   - offset: In the chunk; `buffer` ends in it too.
  ///   - isPassing: Once the reader has left the chunk it does not come back.
  func read(
    _ id: ChunkID, length: Int, from offset: Int, into buffer: UnsafeMutableRawBufferPointer, isPassing: Bool
  ) throws(SnapshotError) {
    let (known, run) = state.withLock { state in
      (state.recent.first { $0.id == id }?.plaintext, state.spooled[id])
    }
    if let known {
      unsafe Self.copy(known, from: offset, into: buffer)
    } else if let run {
      _ = try calling("reading what was decoded") { () throws(SystemError) in
        unsafe try spool.read(run, from: offset, into: buffer)
      }
    } else {
      let plaintext = try decode(id, length: length)
      unsafe Self.copy(plaintext, from: offset, into: buffer)
      keep(plaintext, of: id, isPassing: isPassing)
    }
  }

  /// Decodes chunks that will be wanted soon, several at a time, and sets them aside.
  func prefetch(_ chunks: [(id: ChunkID, length: UInt64)]) {
    let missing = state.withLock { state in chunks.filter { state.spooled[$0.id] == nil } }
    ahead.withLock { slot in
      var sequence = slot.take() ?? ChunkSequence(repository, index: index)
      // What fails here is met again, and told, where it is wanted.
      try? decode(missing, with: &sequence)
      slot = consume sequence
    }
  }

  private func decode(
    _ chunks: [(id: ChunkID, length: UInt64)], with sequence: inout ChunkSequence
  ) throws(SnapshotError) {
    try sequence.begin(chunks.map(\.id))
    for (id, length) in chunks {
      try sequence.readNext(length: length)
      let run = try calling("setting aside what was decoded") { () throws(SystemError) in
        unsafe try spool.add(sequence.bytes.bytes)
      }
      state.withLock { $0.spooled[id] = run }
    }
  }

  private static func copy(_ plaintext: Plaintext, from offset: Int, into buffer: UnsafeMutableRawBufferPointer) {
    unsafe plaintext.bytes.withUnsafeBytes { source in
      unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[offset..<offset + buffer.count]))
    }
  }

  private func decode(_ id: ChunkID, length: Int) throws(SnapshotError) -> Plaintext {
    try readers.withReader { (reader, buffer) throws(SnapshotError) in
      buffer.count = 0
      try reader.read(id, into: &buffer)
      guard buffer.count == length else {
        throw SnapshotError(
          .damaged, "chunk \(id.short) is \(buffer.count) bytes long instead of \(length)",
          hint: SnapshotError.runCheck, chunk: id)
      }
      return unsafe Plaintext([UInt8](buffer.pointer))
    }
  }

  private func keep(_ plaintext: Plaintext, of id: ChunkID, isPassing: Bool) {
    let bytes = plaintext.bytes
    // What can't be set aside, on a full disk, is decoded again.
    let run = isPassing ? nil : try? spool.add(bytes.rawSpan)
    state.withLock { state in
      if let run { state.spooled[id] = run }
      if state.recent.count < Self.recentMaximum {
        state.recent.append((id, plaintext))
      } else {
        state.recent[state.oldest] = (id, plaintext)
        state.oldest = (state.oldest + 1) % Self.recentMaximum
      }
    }
  }
}
