import SnapshotFormat
public import SnapshotRepository
import SystemIO

/// Looks into a snapshot.
public struct BrowseSnapshot: Sendable {
  public var selector: SnapshotSelector
  /// A path in the snapshot, as bytes; empty for the source's own folder.
  public var path: [UInt8]

  public init(_ selector: SnapshotSelector, path: [UInt8] = []) {
    self.selector = selector
    self.path = path
  }

  private var names: [[UInt8]] {
    path.split(separator: UInt8(ascii: "/")).map(Array.init).filter { $0 != [UInt8(ascii: ".")] }
  }

  /// Calls `body` with what is at the path and, where that is a folder, with all below it.
  /// - Parameter recursively: Whether to go down more than one level.
  public func list(
    in location: RepositoryLocation, recursively: Bool, _ body: (SnapshotEntry) -> Void
  ) throws(SnapshotError) {
    try withEntry(in: location) { (tree, entry, _) throws(SnapshotError) in
      let depth = entry.names.count
      try tree.walk(from: entry, descend: { recursively || $0.names.count == depth }) { found in
        if found.names.count > depth || depth > 0 { body(found) }
      }
    }
  }

  /// Calls `body` with a file's bytes, chunk after chunk; of a folder with a tar stream of all that is in it, by its path
  /// from there. An error that `body` throws ends it.
  public func dump(
    in location: RepositoryLocation, _ body: (UnsafeRawBufferPointer) throws(SnapshotError) -> Void
  ) throws(SnapshotError) {
    try withEntry(in: location) { (tree, entry, index) throws(SnapshotError) in
      switch entry.entry.kind {
      case .file(let content, _): try unsafe Self.stream(content, of: entry, &tree, index, body)
      case .directory: try unsafe Self.archive(entry, &tree, index, body)
      case .symbolicLink(let target):
        throw SnapshotError(
          .pathNotFound, "\(entry.displayPath) is a symbolic link to \(String(decoding: target, as: UTF8.self))",
          hint: "Name the file that it leads to.")
      }
    }
  }

  private static func stream(
    _ content: Content, of file: SnapshotEntry, _ tree: inout SnapshotTree, _ index: ChunkIndex,
    _ body: (UnsafeRawBufferPointer) throws(SnapshotError) -> Void
  ) throws(SnapshotError) {
    var buffer = ByteBuffer(capacity: Limits.chunkBytes)
    let segments = try namingDamaged(file.displayPath) { () throws(SnapshotError) in
      try tree.reader.segments(of: content)
    }
    for segment in segments {
      let (chunks, chains) = try namingDamaged(file.displayPath) { () throws(SnapshotError) in
        let chunks = try tree.reader.chunks(of: segment)
        return (chunks, try index.chains(of: chunks.map(\.id)))
      }
      for (position, chunk) in chunks.enumerated() {
        buffer.count = 0
        try namingDamaged(file.displayPath) { () throws(SnapshotError) in
          try tree.reader.read(chunk.id, chain: chains[position], upcoming: chains[(position + 1)...], into: &buffer)
        }
        unsafe try body(buffer.pointer)
      }
    }
  }

  private static func archive(
    _ folder: SnapshotEntry, _ tree: inout SnapshotTree, _ index: ChunkIndex,
    _ body: (UnsafeRawBufferPointer) throws(SnapshotError) -> Void
  ) throws(SnapshotError) {
    func emit(_ bytes: [UInt8]) throws(SnapshotError) {
      try unsafe bytes.withUnsafeBytes { bytes in
        Result { () throws(SnapshotError) in unsafe try body(bytes) }
      }.get()
    }
    var entries: [SnapshotEntry] = []
    try tree.walk(from: folder) { entries.append($0) }
    var hardLinks = HardLinks()
    for (place, found) in entries.enumerated() {
      let path = Self.path(found, in: folder)
      switch found.entry.kind {
      case .directory: try emit(TarStream.header(.directory, found.entry, path: path))
      case .symbolicLink(let target):
        try emit(TarStream.header(.symbolicLink, found.entry, path: path, target: target))
      case .file(let content, _):
        if let original = hardLinks.original(of: found.entry, at: place) {
          let target = Self.path(entries[original], in: folder)
          try emit(TarStream.header(.hardLink, found.entry, path: path, target: target))
          continue
        }
        try emit(TarStream.header(.file, found.entry, path: path))
        try unsafe stream(content, of: found, &tree, index, body)
        try emit(TarStream.padding(after: content.length))
      }
    }
    try emit(TarStream.end)
  }

  private static func path(_ entry: SnapshotEntry, in folder: SnapshotEntry) -> [UInt8] {
    let names = entry.names.dropFirst(folder.names.count)
    return names.isEmpty ? [UInt8(ascii: ".")] : Array(names.joined(separator: [UInt8(ascii: "/")]))
  }

  private func withEntry(
    in location: RepositoryLocation,
    _ body: (inout SnapshotTree, SnapshotEntry, ChunkIndex) throws(SnapshotError) -> Void
  ) throws(SnapshotError) {
    let repository = try location.open(for: .read)
    let snapshot = try selector.find(in: repository)
    let index = try ChunkIndex(repository)
    defer { repository.noteFoundDamage(index) }
    var tree = SnapshotTree(snapshot, in: repository, index: index)
    guard let entry = try tree.entry(at: names) else {
      throw SnapshotError(
        .pathNotFound, "there is no \(String(decoding: path, as: UTF8.self)) in snapshot \(snapshot.id.short)",
        hint: "`chromasnap ls \(snapshot.id.short)` shows what is in it.")
    }
    try body(&tree, entry, index)
  }
}
