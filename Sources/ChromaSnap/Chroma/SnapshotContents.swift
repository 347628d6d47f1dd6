import ChromaDB
import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO

/// The files of a Chroma directory that exists only as the chunks of a snapshot: for its inventory and its health.
struct SnapshotContents: ChromaContents {
  private let repository: Repository
  private let index: ChunkIndex
  /// The entries at the top and, by their folder's name, below.
  private let top: Tree
  private let below: [String: Tree]

  /// - Parameter tree: The snapshot's first tree.
  init(_ tree: Content, in repository: Repository, index: ChunkIndex) throws(SnapshotError) {
    self.repository = repository
    self.index = index
    var reader = ChunkReader(repository, index: index)
    guard case .directory(let root)? = try reader.tree(tree)[[UInt8(ascii: ".")]]?.kind, root.length > 0 else {
      top = Tree([])
      below = [:]
      return
    }
    top = try reader.tree(root)
    var below: [String: Tree] = [:]
    for entry in top.entries {
      guard case .directory(let content) = entry.kind else { continue }
      below[String(decoding: entry.name, as: UTF8.self)] = content.length > 0 ? try reader.tree(content) : Tree([])
    }
    self.below = below
  }

  func file(_ name: String, in folder: String?) throws -> (any RandomAccessFile)? {
    let tree = folder.map { below[$0] } ?? top
    guard case .file(let content, _)? = tree?[Array(name.utf8)]?.kind else { return nil }
    return try SnapshotFile(content, in: repository, index: index)
  }

  func folders() throws -> [String] { below.keys.sorted() }
}

/// A file of a snapshot, read at any place. Keeps the chunks that were read last.
final class SnapshotFile: RandomAccessFile {
  private struct State: ~Copyable {
    var reader: ChunkReader
    /// Decoded chunks by their number, and when each was used last.
    var cached: [Int: (bytes: [UInt8], used: Int)] = [:]
    var clock = 0
    var scratch = ByteBuffer(capacity: Limits.chunkBytes)
  }

  private static let cachedMaximum = 48

  private let table: ChunkTable
  private let state: Mutex<State>

  var size: UInt64 { table.length }

  init(_ content: Content, in repository: Repository, index: ChunkIndex) throws(SnapshotError) {
    var reader = ChunkReader(repository, index: index)
    table = try ChunkTable(content, &reader)
    state = Mutex(State(reader: reader))
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
    guard offset < size, buffer.count > 0 else { return 0 }
    var done = 0
    var chunk = table.chunk(at: offset)
    while done < buffer.count, chunk < table.ids.count {
      let bytes = try bytes(of: chunk)
      let from = Int(offset + UInt64(done) - table.starts[chunk])
      let count = min(bytes.count - from, buffer.count - done)
      unsafe bytes.withUnsafeBytes { source in
        unsafe buffer.baseAddress!.advanced(by: done).copyMemory(
          from: source.baseAddress!.advanced(by: from), byteCount: count)
      }
      done += count
      chunk += 1
    }
    return done
  }

  private func bytes(of chunk: Int) throws(SnapshotError) -> [UInt8] {
    try state.withLock { state throws(SnapshotError) in
      state.clock += 1
      if let found = state.cached[chunk] {
        state.cached[chunk]?.used = state.clock
        return found.bytes
      }
      state.scratch.count = 0
      try state.reader.read(table.ids[chunk], into: &state.scratch)
      let bytes = unsafe [UInt8](state.scratch.pointer)
      if state.cached.count >= Self.cachedMaximum,
        let oldest = state.cached.min(by: { $0.value.used < $1.value.used })?.key
      {
        state.cached[oldest] = nil
      }
      state.cached[chunk] = (bytes, state.clock)
      return bytes
    }
  }
}
