import SnapshotFormat
import SnapshotRepository
import SystemIO

/// What of a scan is as the parent snapshot holds it, and what must be read. Decided by stat data alone.
struct SnapshotPlan: Sendable {
  /// Where an entry's content comes from.
  enum Origin: Sendable {
    /// A folder, or a symbolic link: nothing to read.
    case scan
    /// Unchanged: as the parent has it.
    case parent(TreeEntry)
    /// To be read.
    case job(Int)
  }

  struct Folder: Sendable {
    var stat: [UInt8]
    /// Whether the whole of it, all that lies below included, is as in the parent.
    var isUnchanged: Bool
    /// The tree that the parent has of it.
    var parent: Content?
    /// By entry; empty for an unchanged folder.
    var origins: [Origin] = []
    var marks: [FolderState.Mark]
    /// The parent's entries of those whose stat data are equal: their attributes need not be asked for again.
    var alike: [Int: TreeEntry] = [:]
  }

  let scan: SourceScan
  var folders: [Folder]
  var jobs: [FileJob] = []
  /// Whether nothing at all differs from the parent.
  var isUnchanged: Bool
  /// The parent's tree.
  let parentTree: Content?

  /// The catalogue's key for the state of the source's own folder.
  static let rootKey: [UInt8] = [UInt8(ascii: "/")]

  var rootStat: [UInt8] { FolderState.stat(of: [ScannedEntry(name: [UInt8(ascii: ".")], status: scan.root)]) }

  /// - Parameters:
  ///   - states: What the parent saw, or `nil` where that is not known: then everything is read.
  ///   - parent: The parent's tree.
  ///   - reader: For the parent's trees. One that can't be read counts as not there.
  init(
    _ scan: SourceScan, states: [[UInt8]: [UInt8]]?, parent: Content?, reader: inout ChunkReader
  ) throws(SnapshotError) {
    self.scan = scan
    folders = scan.folders.map { folder in
      let stat = FolderState.stat(of: folder.entries)
      return Folder(
        stat: stat, isUnchanged: false, parent: nil,
        marks: Array(repeating: FolderState.Mark(), count: folder.entries.count))
    }
    isUnchanged = false
    parentTree = parent
    let known = folders.indices.map { states?[scan.folders[$0].relativePath].flatMap(FolderState.init(decoding:)) }
    // Those below have higher indices.
    for i in folders.indices.reversed() {
      guard let state = known[i], state.stat == folders[i].stat, state.marks.count == folders[i].marks.count,
        scan.folders[i].entries.allSatisfy({ $0.folder.map { folders[$0].isUnchanged } ?? true }),
        Self.allStand(state.marks, in: scan.folders[i])
      else { continue }
      folders[i].isUnchanged = true
      folders[i].marks = state.marks
    }
    if let parent, let tree = try Self.tree(parent, &reader),
      case .directory(let content)? = tree[[UInt8(ascii: ".")]]?.kind
    {
      folders[0].parent = content
      let root = states?[Self.rootKey].flatMap(FolderState.init(decoding:))
      isUnchanged = root?.stat == rootStat && folders[0].isUnchanged
    }
    var byFile: [FileKey: Int] = [:]
    for i in folders.indices { try decide(i, known[i], &byFile, &reader) }
  }

  private static func tree(_ content: Content, _ reader: inout ChunkReader) throws(SnapshotError) -> Tree? {
    do throws(SnapshotError) { return try reader.tree(content) } catch {
      guard error.code == .damaged else { throw error }
      return nil
    }
  }

  private static func allStand(_ marks: [FolderState.Mark], in folder: ScannedFolder) -> Bool {
    marks.indices.allSatisfy { stands(marks[$0], folder, $0) }
  }

  /// Whether equal stat data of an entry prove that it is unchanged. For a database its first page is looked at too.
  private static func stands(_ mark: FolderState.Mark, _ folder: ScannedFolder, _ entry: Int) -> Bool {
    guard mark.isTrusted else { return false }
    guard mark.pageFingerprint != 0 else { return true }
    return SQLitePage.fingerprint(of: folder.path.appending(nameBytes: folder.entries[entry].name))
      == mark.pageFingerprint
  }

  /// Decides about one folder, whose parent content is known when its own turn comes.
  private mutating func decide(
    _ i: Int, _ state: FolderState?, _ byFile: inout [FileKey: Int], _ reader: inout ChunkReader
  ) throws(SnapshotError) {
    let folder = scan.folders[i]
    if folders[i].isUnchanged, folders[i].parent != nil {
      // What lies below comes with it; any tree says that the parent has them too.
      for case let below? in folder.entries.map(\.folder) { folders[below].parent = folders[i].parent }
      return
    }
    folders[i].isUnchanged = false
    let tree = if let parent = folders[i].parent { try Self.tree(parent, &reader) } else { nil as Tree? }
    let before = tree == nil ? [:] : state?.byName ?? [:]
    let isIndex =
      folder.entries.contains { $0.name == IndexHeader.name }
      && IndexHeader.isValid(at: folder.path.appending(nameBytes: IndexHeader.name))
    for (position, entry) in folder.entries.enumerated() {
      let old = tree?[entry.name]
      let oldContent: Content? = if case .file(let content, _) = old?.kind { content } else { nil }
      var isAlike = false
      if let known = before[entry.name], let old {
        var stat = ByteWriter()
        FolderState.append(entry, to: &stat)
        isAlike = known.stat == stat.bytes
        if isAlike { folders[i].alike[position] = old }
        if isAlike, oldContent?.length == entry.status.size, Self.stands(known.mark, folder, position) {
          folders[i].origins.append(.parent(old))
          folders[i].marks[position] = known.mark
          continue
        }
      }
      if let below = entry.folder {
        if case .directory(let content) = old?.kind { folders[below].parent = content }
      }
      guard entry.status.kind == .file else {
        folders[i].origins.append(.scan)
        continue
      }
      if entry.status.linkCount > 1, let job = byFile[FileKey(entry.status)] {
        folders[i].origins.append(.job(job))
        continue
      }
      if entry.status.linkCount > 1 { byFile[FileKey(entry.status)] = jobs.count }
      folders[i].origins.append(.job(jobs.count))
      jobs.append(
        FileJob(
          path: folder.path.appending(nameBytes: entry.name), relativePath: folder.relativePath(of: entry.name),
          status: entry.status, parent: oldContent, isIndexFile: isIndex && IndexHeader.files.contains(entry.name)))
    }
  }
}
