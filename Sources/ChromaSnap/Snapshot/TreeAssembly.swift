import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

/// Puts the trees of a snapshot together, from the deepest folders up to the source's own.
struct TreeAssembly {
  var plan: SnapshotPlan
  let outcomes: [FileOutcome?]
  let chunker: GearChunker
  private(set) var statistics = Manifest.Statistics()
  private(set) var filesNew = 0
  private(set) var filesChanged = 0
  private(set) var filesUnmodified = 0
  private(set) var warnings: [SnapshotWarning] = []
  /// By folder and entry: asked for at once, by all processors.
  private var attributes: [[[ExtendedAttribute]]] = []
  /// The folders whose state is not as it was recorded before, in the form of the catalogue.
  private(set) var states: [(path: [UInt8], state: [UInt8])] = []

  init(_ plan: SnapshotPlan, outcomes: [FileOutcome?], chunker: GearChunker) {
    self.plan = plan
    self.outcomes = outcomes
    self.chunker = chunker
  }

  /// Stores all trees.
  /// - Returns: The tree with one entry, the source's own folder.
  mutating func assemble(with writer: inout ChunkWriter) throws(SnapshotError) -> Content {
    var contents: [Content] = Array(repeating: .empty, count: plan.folders.count)
    attributes = parallelMap(Array(plan.folders.indices)) { [plan, outcomes] i in
      Self.attributes(of: i, in: plan, outcomes)
    }
    for i in plan.folders.indices.reversed() where !plan.scan.folders[i].isLeftOut {
      count(i)
      if plan.folders[i].isUnchanged {
        contents[i] = plan.folders[i].parent ?? .empty
        continue
      }
      var entries: [TreeEntry] = []
      for (position, entry) in plan.scan.folders[i].entries.enumerated() {
        if let made = treeEntry(i, position, entry, contents) { entries.append(made) }
      }
      contents[i] = try store(Tree(entries), like: plan.folders[i].parent, with: &writer)
      states.append(
        (
          plan.scan.folders[i].relativePath,
          FolderState.encode(stat: plan.folders[i].stat, marks: plan.folders[i].marks)
        ))
    }
    statistics.directories += 1
    let root = plan.scan.root
    var entry = TreeEntry(
      name: [UInt8(ascii: ".")], kind: .directory(contents[0]), permissions: root.permissions, owner: root.owner,
      group: root.group, modified: root.modified)
    entry.attributes = Self.attributes(at: plan.scan.folders[0].path)
    states.append((SnapshotPlan.rootKey, FolderState.encode(stat: plan.rootStat, marks: [FolderState.Mark()])))
    return try store(Tree([entry]), like: nil, with: &writer)
  }

  /// Only counts, where nothing has changed.
  mutating func countAll() {
    for i in plan.folders.indices { count(i) }
    statistics.directories += 1
  }

  private mutating func count(_ i: Int) {
    for entry in plan.scan.folders[i].entries {
      switch entry.status.kind {
      case .directory: statistics.directories += 1
      case .symbolicLink: statistics.symbolicLinks += 1
      case .file where plan.folders[i].isUnchanged:
        statistics.files += 1
        statistics.totalBytes += entry.status.size
        filesUnmodified += 1
      case .file, .other: break
      }
    }
  }

  private mutating func store(
    _ tree: Tree, like parent: Content?, with writer: inout ChunkWriter
  ) throws(SnapshotError) -> Content {
    var bases: [ChunkID] = []
    if let parent {
      bases =
        (try? writer.reading { (reader) throws(SnapshotError) in
          var chunks: [ChunkID] = []
          for segment in try reader.segments(of: parent) { chunks += try reader.chunks(of: segment).map(\.id) }
          return chunks
        }) ?? []
    }
    return try writer.storeBytes(tree.encoded, chunker: chunker, like: bases)
  }

  private mutating func treeEntry(
    _ folder: Int, _ position: Int, _ entry: ScannedEntry, _ contents: [Content]
  ) -> TreeEntry? {
    switch plan.folders[folder].origins[position] {
    case .parent(let old):
      statistics.files += 1
      statistics.totalBytes += old.size
      filesUnmodified += 1
      return old
    case .scan:
      let kind: TreeEntry.Kind =
        if let below = entry.folder { .directory(contents[below]) } else { .symbolicLink(target: entry.target) }
      return makeEntry(entry, kind, entry.status, attributes[folder][position])
    case .job(let job):
      let (reading, status): (FileReading, FileStatus)
      switch outcomes[job] {
      case .read(let done): (reading, status) = (done, plan.jobs[job].status)
      case .unstable(let done, let last):
        (reading, status) = (done, last)
        warnings.append(
          SnapshotWarning(
            .changedWhileRead, "the file changed while it was read; what was read may be torn",
            path: plan.jobs[job].relativePath))
        plan.folders[folder].marks[position].isTrusted = false
      case .leftOut(let warning):
        warnings.append(warning)
        plan.folders[folder].marks[position].isTrusted = false
        return nil
      case nil: preconditionFailure("a file that no worker has read")
      }
      if plan.folders[folder].marks[position].isTrusted { plan.folders[folder].marks[position] = reading.mark }
      // What lies in the catalogue is the scan's stat data: only where they are what was read may they be trusted.
      if FileStamp(status) != FileStamp(entry.status) { plan.folders[folder].marks[position].isTrusted = false }
      statistics.files += 1
      statistics.totalBytes += reading.content.length
      // One that was read again only to be sure has not changed.
      switch plan.jobs[job].parent {
      case nil: filesNew += 1
      case reading.content: filesUnmodified += 1
      default: filesChanged += 1
      }
      return makeEntry(entry, .file(reading.content, reading.chunking), status, attributes[folder][position])
    }
  }

  /// The attributes of a folder's entries, by entry; none where the parent's entry serves.
  private static func attributes(
    of folder: Int, in plan: SnapshotPlan, _ outcomes: [FileOutcome?]
  ) -> [[ExtendedAttribute]] {
    let (planned, scanned) = (plan.folders[folder], plan.scan.folders[folder])
    if planned.isUnchanged || scanned.isLeftOut { return [] }
    return scanned.entries.enumerated().map { position, entry in
      switch planned.origins[position] {
      case .parent: return []
      case .job(let job): if let known = outcomes[job]?.reading?.attributes { return usable(known) }
      case .scan: break
      }
      return planned.alike[position]?.attributes ?? attributes(at: scanned.path.appending(nameBytes: Array(entry.name)))
    }
  }

  private static func attributes(at path: FilePath) -> [ExtendedAttribute] { usable(ExtendedAttribute.all(at: path)) }

  /// An attribute that is longer than the format allows is left out; Linux has none.
  private static func usable(_ attributes: [ExtendedAttribute]) -> [ExtendedAttribute] {
    attributes.filter { $0.value.count <= Limits.attributeBytes }
  }

  private func makeEntry(
    _ entry: ScannedEntry, _ kind: TreeEntry.Kind, _ status: FileStatus, _ attributes: [ExtendedAttribute]
  ) -> TreeEntry {
    var made = TreeEntry(
      name: Array(entry.name), kind: kind, permissions: status.permissions, owner: status.owner, group: status.group,
      modified: status.modified, attributes: attributes)
    if case .file = kind {
      made.isSparse = status.allocatedSize < status.size
      if status.linkCount > 1 {
        // Inodes are unique within a file system only.
        let isForeign = status.device != plan.scan.root.device
        made.linkGroup = isForeign ? status.inode ^ status.device &* 0x9E37_79B9_7F4A_7C15 : status.inode
      }
    }
    return made
  }
}
