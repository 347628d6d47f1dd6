import SnapshotFormat
import SnapshotRepository
import SystemIO

/// Tells what of a snapshot can't be relied on to be restored: what only this machine's catalogue still finds, in a pack
/// that has lost its table, is lost with the catalogue. What was found sound once is not walked again.
struct Soundness: ~Copyable {
  private let index: ChunkIndex
  private var reader: ChunkReader
  private var soundTrees: Set<Content> = []
  private var soundFiles: Set<Content> = []

  init(_ repository: Repository, index: ChunkIndex) {
    self.index = index
    reader = ChunkReader(repository, index: index, triesDamaged: false)
  }

  /// Something that can't be restored.
  struct Loss {
    /// What is hurt: a file, or a folder with all in it.
    var entry: SnapshotEntry?
    /// The chunk that can't be decoded.
    var chunk: ChunkID?
    var pack: ChunkID?
    var message: String
  }

  /// All that is lost of a snapshot.
  mutating func losses(of snapshot: Snapshot, activity: Activity) throws(SnapshotError) -> [Loss] {
    var losses: [Loss] = []
    _ = try check(tree: snapshot.manifest.tree, of: nil, &losses, activity)
    return losses
  }

  /// Whether a folder's tree and everything below is sound.
  private mutating func check(
    tree content: Content, of folder: SnapshotEntry?, _ losses: inout [Loss], _ activity: Activity
  ) throws(SnapshotError) -> Bool {
    if content.length == 0 || soundTrees.contains(content) { return true }
    try activity.checkpoint()
    let tree: Tree
    do throws(SnapshotError) { tree = try reader.tree(content) } catch {
      try Self.record(error, folder, &losses)
      return false
    }
    var isSound = true
    for entry in tree.entries {
      // The source's own folder is called `.` in the first tree.
      let names = folder.map { $0.names + [entry.name] } ?? []
      let found = SnapshotEntry(names: names, entry: entry)
      switch entry.kind {
      case .directory(let below):
        if try !check(tree: below, of: found, &losses, activity) { isSound = false }
      case .file(let content, _):
        if try !check(file: content, found, &losses) { isSound = false }
      case .symbolicLink: break
      }
    }
    if isSound { soundTrees.insert(content) }
    return isSound
  }

  private mutating func check(
    file content: Content, _ entry: SnapshotEntry, _ losses: inout [Loss]
  ) throws(SnapshotError) -> Bool {
    if soundFiles.contains(content) { return true }
    do throws(SnapshotError) {
      for segment in try reader.segments(of: content) {
        let chunks = try reader.chunks(of: segment)
        for (chunk, chain) in zip(chunks, try index.chains(of: chunks.map(\.id))) {
          guard let chain else {
            throw SnapshotError(.damaged, "a chunk is missing or damaged", chunk: chunk.id)
          }
          guard UInt64(chain.length) == chunk.length else {
            throw SnapshotError(.damaged, "a chunk's length is not what its list says", chunk: chunk.id)
          }
        }
      }
    } catch {
      try Self.record(error, entry, &losses)
      return false
    }
    soundFiles.insert(content)
    return true
  }

  private static func record(
    _ error: SnapshotError, _ entry: SnapshotEntry?, _ losses: inout [Loss]
  ) throws(SnapshotError) {
    guard error.code == .damaged else { throw error }
    losses.append(Loss(entry: entry, chunk: error.chunk, pack: error.pack, message: error.message))
  }
}
