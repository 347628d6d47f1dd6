import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

/// Writes what a plan holds into a folder of its own: contents in parallel, every chunk proved by its id.
struct RestoreWriter: Sendable {
  let repository: Repository
  let index: ChunkIndex
  let plan: RestorePlan
  /// Where the source's own folder goes; it is there, and empty.
  let root: FilePath
  let activity: Activity

  func path(_ entry: Int) -> FilePath {
    plan.entries[entry].names.reduce(root) { $0.appending(nameBytes: $1) }
  }

  /// Writes everything, and makes it durable.
  func write() throws(SnapshotError) -> [SnapshotWarning] {
    activity.expect(files: plan.files, bytes: plan.bytes)
    try calling("restoring") { () throws(SystemError) in try makeFoldersAndLinks() }
    var reader = ChunkReader(repository, index: index)
    let items = try plan.items(&reader)
    try parallelLoop(items: items.count) { (next: () -> Int?) throws(SnapshotError) in
      var worker = RestoreWorker(repository, index: index)
      while let item = next() {
        try activity.checkpoint()
        switch items[item] {
        case .files(let entries): try writeFiles(entries, &worker)
        case .segment(let entry, let segment): try writeSegment(entry, segment, &worker)
        }
      }
    }
    try calling("restoring") { () throws(SystemError) in
      for link in plan.links {
        try FileSystem.makeHardLink(to: path(link.to), at: path(link.entry))
        activity.did(files: 1)
      }
    }
    let warnings = try RestoreMetadata(writer: self).apply()
    try calling("making what was restored durable") { () throws(SystemError) in
      try Descriptor(opening: root, .read, [.directory]).synchronizeFileSystem()
    }
    return warnings
  }

  private func makeFoldersAndLinks() throws(SystemError) {
    for i in plan.entries.indices where i > 0 {
      switch plan.entries[i].entry.kind {
      case .directory: try FileSystem.makeFolder(path(i))
      case .symbolicLink(let target): try FileSystem.makeSymbolicLink(to: target, at: path(i))
      case .file: break
      }
    }
  }

  private func writeFiles(_ entries: [Int], _ worker: inout RestoreWorker) throws(SnapshotError) {
    var chunks: [ChunkID] = []
    for entry in entries {
      if case .file(let content, _) = plan.entries[entry].entry.kind, let root = content.root { chunks.append(root) }
    }
    let chains = try index.chains(of: chunks)
    var position = 0
    for entry in entries {
      guard case .file(let content, _) = plan.entries[entry].entry.kind else { continue }
      let path = path(entry)
      if let root = content.root {
        try naming(entry) { () throws(SnapshotError) in
          try worker.read(root, chains, position, length: content.length)
        }
        position += 1
      } else {
        worker.clear()
      }
      try calling("restoring") { () throws(SystemError) in
        let file = try Descriptor(opening: path, .write, [.create, .exclusive, .noFollow])
        unsafe try file.write(worker.bytes)
      }
      activity.did(files: 1, bytes: content.length)
    }
  }

  private func writeSegment(
    _ entry: Int, _ segment: ContentSegment, _ worker: inout RestoreWorker
  ) throws(SnapshotError) {
    let isSparse = plan.entries[entry].entry.isSparse
    let size = plan.entries[entry].entry.size
    let file = try calling("restoring") { () throws(SystemError) in
      let file = try Descriptor(opening: path(entry), .write, [.create, .noFollow])
      // Every worker says the same: the file has its length whatever is written first.
      if segment.offset + segment.length == size || isSparse { try file.resize(to: size) }
      return file
    }
    try naming(entry) { () throws(SnapshotError) in
      let chunks = try worker.chunks(of: segment)
      let chains = try index.chains(of: chunks.map(\.id))
      var offset = segment.offset
      for (position, chunk) in chunks.enumerated() {
        try worker.read(chunk.id, chains, position, length: chunk.length)
        if !(isSparse && worker.isZero) {
          try calling("restoring") { () throws(SystemError) in unsafe try file.write(worker.bytes, at: offset) }
        }
        offset += chunk.length
        activity.did(bytes: chunk.length)
      }
    }
    // The disk starts on it while the rest is still being decoded.
    file.startWriteback(offset: segment.offset, count: segment.length)
    if segment.offset + segment.length == size { activity.did(files: 1) }
  }

  /// Says which file needs what can't be read.
  private func naming(_ entry: Int, _ body: () throws(SnapshotError) -> Void) throws(SnapshotError) {
    do throws(SnapshotError) { try body() } catch {
      guard error.code == .damaged else { throw error }
      var named = error
      named.message = "\(plan.entries[entry].displayPath) can't be restored: \(error.message)"
      throw named
    }
  }
}

/// One worker's reader and buffer.
struct RestoreWorker: ~Copyable {
  private var reader: ChunkReader
  private var buffer = ByteBuffer(capacity: Limits.chunkBytes)

  init(_ repository: Repository, index: ChunkIndex) { reader = ChunkReader(repository, index: index) }

  /// The bytes that were read last.
  var bytes: UnsafeRawBufferPointer { unsafe buffer.pointer }

  mutating func clear() { buffer.count = 0 }

  mutating func chunks(of segment: ContentSegment) throws(SnapshotError) -> [ChunkList.Child] {
    try reader.chunks(of: segment)
  }

  /// Reads a chunk, of which the chain is one of `chains`; what follows there is wanted next.
  mutating func read(
    _ id: ChunkID, _ chains: [ChunkChain?], _ position: Int, length: UInt64
  ) throws(SnapshotError) {
    buffer.count = 0
    let ahead = chains[(position + 1)..<min(chains.count, position + 65)]
    try reader.read(id, chain: chains[position], upcoming: ahead, into: &buffer)
    guard UInt64(buffer.count) == length else {
      throw SnapshotError(
        .damaged, "chunk \(id.short) is \(buffer.count) bytes long instead of \(length)",
        hint: SnapshotError.runCheck, chunk: id)
    }
  }

  /// Whether the bytes are all zero. Compares them with themselves, shifted by one.
  var isZero: Bool {
    let bytes = buffer.bytes
    guard bytes.byteCount > 1 else { return false }
    return unsafe bytes.unsafeLoad(fromByteOffset: 0, as: UInt8.self) == 0
      && equal(bytes.extracting(first: bytes.byteCount - 1), bytes.extracting(1...))
  }
}
