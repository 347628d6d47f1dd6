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
  /// What the target holds now: chunks that are there need not be decoded.
  var local: LocalChunks?

  func path(_ entry: Int) -> FilePath {
    plan.entries[entry].names.reduce(root) { $0.appending(nameBytes: $1) }
  }

  /// Writes everything. It is durable when `makeDurable` has returned.
  func write() throws(SnapshotError) -> [SnapshotWarning] {
    activity.expect(files: plan.files, bytes: plan.bytes)
    try calling("restoring") { () throws(SystemError) in try makeFoldersAndLinks() }
    var reader = ChunkReader(repository, index: index)
    let items = try plan.items(&reader)
    try parallelLoop(items: items.count) { (next: () -> Int?) throws(SnapshotError) in
      var worker = ChunkSequence(repository, index: index)
      var localReader = LocalReader()
      while let item = next() {
        try activity.checkpoint()
        switch items[item] {
        case .files(let entries): try writeFiles(entries, &worker)
        case .segment(let entry, let segment): try writeSegment(entry, segment, &worker, &localReader)
        }
      }
    }
    try calling("restoring") { () throws(SystemError) in
      for link in plan.links {
        try FileSystem.makeHardLink(to: path(link.to), at: path(link.entry))
        activity.did(files: 1)
      }
    }
    return try RestoreMetadata(writer: self).apply()
  }

  /// Waits until all that was written is on the disk.
  func makeDurable() throws(SnapshotError) {
    try calling("making what was restored durable") { () throws(SystemError) in
      try Descriptor(opening: root, .read, [.directory]).synchronizeFileSystem()
    }
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

  private func writeFiles(_ entries: [Int], _ worker: inout ChunkSequence) throws(SnapshotError) {
    var chunks: [ChunkID] = []
    for entry in entries {
      if case .file(let content, _) = plan.entries[entry].entry.kind, let root = content.root { chunks.append(root) }
    }
    try worker.begin(chunks)
    for entry in entries {
      guard case .file(let content, _) = plan.entries[entry].entry.kind else { continue }
      let path = path(entry)
      if content.root != nil {
        try naming(entry) { () throws(SnapshotError) in try worker.readNext(length: content.length) }
      }
      try calling("restoring") { () throws(SystemError) in
        let file = try Descriptor(opening: path, .write, [.create, .exclusive, .noFollow])
        if content.root != nil { unsafe try file.write(worker.bytes) }
      }
      activity.did(files: 1, bytes: content.length)
    }
  }

  private func writeSegment(
    _ entry: Int, _ segment: ContentSegment, _ worker: inout ChunkSequence, _ localReader: inout LocalReader
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
      var chunks = TargetChunk.chunks(try worker.chunks(of: segment), from: segment.offset)
      if let local {
        chunks = try localReader.copy(chunks, of: entry, names: plan.entries[entry].names, from: local) {
          (chunk, offset) throws(SnapshotError) in
          if !(isSparse && chunk.bytes.isZero) {
            try calling("restoring") { () throws(SystemError) in unsafe try file.write(chunk.pointer, at: offset) }
          }
          activity.did(bytes: UInt64(chunk.count))
        }
      }
      try worker.begin(chunks.map(\.id))
      for chunk in chunks {
        try worker.readNext(length: chunk.length)
        if !(isSparse && worker.isZero) {
          try calling("restoring") { () throws(SystemError) in unsafe try file.write(worker.bytes, at: chunk.offset) }
        }
        activity.did(bytes: chunk.length)
      }
    }
    // The disk starts on it while the rest is still being decoded.
    file.startWriteback(offset: segment.offset, count: segment.length)
    if segment.offset + segment.length == size { activity.did(files: 1) }
  }

  private func naming(_ entry: Int, _ body: () throws(SnapshotError) -> Void) throws(SnapshotError) {
    try namingDamaged(plan.entries[entry].displayPath, as: "can't be restored", body)
  }
}
