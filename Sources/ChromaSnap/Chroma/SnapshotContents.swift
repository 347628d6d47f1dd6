import ChromaDB
import SnapshotFormat
import SnapshotRepository
import SystemIO

/// The files of a Chroma directory that exists only as the chunks of a snapshot: for its inventory and its health.
struct SnapshotContents: ChromaContents {
  private let repository: Repository
  private let index: ChunkIndex
  private let chunks: DecodedChunks
  /// The database on disk, where this run has read it.
  private let captured: CapturedDatabase?
  /// The entries at the top and, by their folder's name, below.
  private let top: Tree
  private let below: [String: Tree]

  /// - Parameters:
  ///   - tree: The snapshot's first tree.
  ///   - captured: The database that it was made of: where it is still the same, its bytes need not be decoded.
  init(
    _ tree: Content, in repository: Repository, index: ChunkIndex, captured: CapturedDatabase? = nil
  ) throws(SnapshotError) {
    self.repository = repository
    self.index = index
    self.captured = captured
    chunks = DecodedChunks(repository, index: index)
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

  /// What a file holds, by the ids of its chunks; `nil` where there is none.
  func content(_ name: String, in folder: String?) -> Content? {
    let tree = folder.map { below[$0] } ?? top
    guard case .file(let content, _)? = tree?[Array(name.utf8)]?.kind else { return nil }
    return content
  }

  func file(_ name: String, in folder: String?) throws -> (any RandomAccessFile)? {
    guard let content = content(name, in: folder) else { return nil }
    var reader = ChunkReader(repository, index: index)
    let isDatabase = folder == nil && name == ChromaDirectory.databaseName
    let path = folder.map { "\($0)/\(name)" } ?? name
    let table = try namingDamaged(path) { () throws(SnapshotError) in try ChunkTable(content, &reader) }
    return SnapshotFile(
      table, of: path, chunks, isReadInOrder: folder != nil, captured: isDatabase ? captured : nil)
  }

  /// Whether its database is the one that was captured: it may have been left out since.
  var holdsCaptured: Bool { captured.map { $0.size == size(of: ChromaDirectory.databaseName, in: nil) } ?? false }

  func size(of name: String, in folder: String?) -> UInt64? { content(name, in: folder)?.length }

  func folders() throws -> [String] { below.keys.sorted() }
}

/// A file of a snapshot, read at any place.
struct SnapshotFile: RandomAccessFile {
  /// What it is called, for whoever is told that it is damaged.
  private let path: String
  private let table: ChunkTable
  private let chunks: DecodedChunks
  private let isReadInOrder: Bool
  private let captured: CapturedDatabase?

  var size: UInt64 { table.length }

  /// - Parameter isReadInOrder: From its start to its end: what lies behind is not wanted again.
  init(
    _ table: ChunkTable, of path: String, _ chunks: DecodedChunks, isReadInOrder: Bool, captured: CapturedDatabase?
  ) {
    self.path = path
    self.table = table
    self.chunks = chunks
    self.isReadInOrder = isReadInOrder
    self.captured = captured
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
    guard offset < size, buffer.count > 0 else { return 0 }
    var done = 0
    var chunk = table.chunk(at: offset)
    if let captured, offset + UInt64(buffer.count) <= end(of: chunk),
      unsafe captured.read(table.ids[chunk], beginningAt: table.starts[chunk], at: offset, into: buffer)
    {
      return buffer.count
    }
    while done < buffer.count, chunk < table.ids.count {
      let length = Int(end(of: chunk) - table.starts[chunk])
      let from = Int(offset + UInt64(done) - table.starts[chunk])
      let count = min(length - from, buffer.count - done)
      try namingDamaged(path) { () throws(SnapshotError) in
        unsafe try chunks.read(
          table.ids[chunk], length: length, from: from,
          into: UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + count]), isPassing: isReadInOrder)
      }
      done += count
      chunk += 1
    }
    return done
  }

  /// Decodes what begins in a range, where it would have to be decoded to be read.
  func prefetch(offset: UInt64, count: UInt64) {
    guard captured == nil, offset < size else { return }
    let first = table.chunk(at: offset)
    let chunks = (first..<table.ids.count).lazy.filter { table.starts[$0] >= offset }
      .prefix { table.starts[$0] < offset + count }
    self.chunks.prefetch(chunks.map { (table.ids[$0], end(of: $0) - table.starts[$0]) })
  }

  /// The offset behind a chunk.
  private func end(of chunk: Int) -> UInt64 {
    chunk + 1 < table.starts.count ? table.starts[chunk + 1] : table.length
  }
}
