import ChromaDB
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
    indirect case parent(TreeEntry)
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

  var scan: SourceScan
  var folders: [Folder]
  var jobs: [FileJob] = []
  /// The jobs that nobody has read yet.
  private var unread: [Int] = []
  private let states: [[UInt8]: [UInt8]]?
  private let held: HeldFiles
  /// Whether nothing at all differs from the parent.
  var isUnchanged: Bool
  /// The parent's tree.
  let parentTree: Content?

  /// The catalogue's key for the state of the source's own folder.
  static let rootKey: [UInt8] = [UInt8(ascii: "/")]

  var rootStat: [UInt8] { FolderState.stat(of: [ScannedEntry(name: [UInt8(ascii: ".")][...], status: scan.root)]) }

  /// - Parameters:
  ///   - states: What the parent saw, or `nil` where that is not known: then everything is read.
  ///   - parent: The parent's tree.
  ///   - held: Files that are read through their holder, and not opened.
  ///   - reader: For the parent's trees. One that can't be read counts as not there.
  init(
    _ scan: SourceScan, states: [[UInt8]: [UInt8]]?, parent: Content?, held: HeldFiles, reader: inout ChunkReader
  ) throws(SnapshotError) {
    self.scan = scan
    self.states = states
    self.held = held
    let found = parallelMap(scan.folders) { folder in
      let marks = Array(repeating: FolderState.Mark(), count: folder.entries.count)
      return (
        folder: Folder(
          stat: FolderState.stat(of: folder.entries), isUnchanged: false, parent: nil, marks: marks),
        known: states?[folder.relativePath].flatMap(FolderState.init(decoding:))
      )
    }
    folders = found.map(\.folder)
    isUnchanged = false
    parentTree = parent
    let known = found.map(\.known)
    // Those below have higher indices.
    for i in folders.indices.reversed() {
      guard let state = known[i], state.stat == folders[i].stat, state.marks.count == folders[i].marks.count,
        scan.folders[i].entries.allSatisfy({ $0.folder.map { folders[$0].isUnchanged } ?? true }),
        allStand(state.marks, in: scan.folders[i])
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
    var byFile: [FileIdentity: Int] = [:]
    for i in folders.indices { try decide(i, &byFile, &reader) }
  }

  /// The jobs to read now.
  mutating func takeUnread() -> [Int] {
    defer { unread = [] }
    return unread
  }

  private static func tree(_ content: Content, _ reader: inout ChunkReader) throws(SnapshotError) -> Tree? {
    do throws(SnapshotError) { return try reader.tree(content) } catch {
      guard error.code == .damaged else { throw error }
      return nil
    }
  }

  private func allStand(_ marks: [FolderState.Mark], in folder: ScannedFolder) -> Bool {
    marks.indices.allSatisfy { stands(marks[$0], folder, $0) }
  }

  /// Whether equal stat data of an entry prove that it is unchanged. For a database its first page is looked at too.
  private func stands(_ mark: FolderState.Mark, _ folder: ScannedFolder, _ entry: Int) -> Bool {
    guard mark.isTrusted else { return false }
    guard mark.pageFingerprint != 0 else { return true }
    let found = folder.entries[entry]
    if held.isDeferred(found.status) { return false }
    if let file = held[found.status] { return SQLitePage.fingerprint(of: file) == mark.pageFingerprint }
    return SQLitePage.fingerprint(of: folder.path.appending(nameBytes: Array(found.name))) == mark.pageFingerprint
  }

  /// Decides about one folder, whose parent content is known when its own turn comes.
  private mutating func decide(
    _ i: Int, _ byFile: inout [FileIdentity: Int], _ reader: inout ChunkReader
  ) throws(SnapshotError) {
    let folder = scan.folders[i]
    if folders[i].isUnchanged, folders[i].parent != nil {
      // What lies below comes with it; any tree says that the parent has them too.
      for case let below? in folder.entries.map(\.folder) { folders[below].parent = folders[i].parent }
      return
    }
    folders[i].isUnchanged = false
    let state = states?[folder.relativePath].flatMap(FolderState.init(decoding:))
    let tree = if let parent = folders[i].parent { try Self.tree(parent, &reader) } else { nil as Tree? }
    let before = tree == nil ? [:] : state?.byName ?? [:]
    let isIndex =
      folder.entries.contains { $0.name == IndexHeader.name[...] }
      && IndexHeader.isValid(at: folder.path.appending(nameBytes: IndexHeader.name))
    for (position, entry) in folder.entries.enumerated() {
      let name = Array(entry.name)
      let old = tree?[name]
      let oldContent: Content? = if case .file(let content, _) = old?.kind { content } else { nil }
      var isAlike = false
      if let known = before[name], let old {
        isAlike = known.stat == FolderState.stat(of: [entry])
        if isAlike { folders[i].alike[position] = old }
        if isAlike, oldContent?.length == entry.status.size, stands(known.mark, folder, position) {
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
      if entry.status.linkCount > 1, let job = byFile[FileIdentity(entry.status)] {
        folders[i].origins.append(.job(job))
        continue
      }
      if entry.status.linkCount > 1 { byFile[FileIdentity(entry.status)] = jobs.count }
      folders[i].origins.append(.job(jobs.count))
      if !held.isDeferred(entry.status) { unread.append(jobs.count) }
      jobs.append(
        FileJob(
          entry, in: folder, parent: oldContent, isIndexFile: isIndex && IndexHeader.files.contains(name)))
    }
  }

  // MARK: What a capture changes

  /// The index of a folder at the top of the source.
  func folder(named name: [UInt8]) -> Int? {
    scan.folders[0].entries.first { $0.name == name[...] }.flatMap(\.folder)
  }

  /// What is known to lie in a folder at the top of the source.
  func entries(of name: [UInt8]) -> [ScannedEntry] { folder(named: name).map { scan.folders[$0].entries } ?? [] }

  /// The source's own folder is no longer as in the parent.
  private mutating func reopenRoot(_ reader: inout ChunkReader) throws(SnapshotError) {
    isUnchanged = false
    guard folders[0].isUnchanged else { return }
    folders[0].isUnchanged = false
    var byFile: [FileIdentity: Int] = [:]
    try decide(0, &byFile, &reader)
  }

  /// A folder at the top holds exactly these entries now; what of them is not as in the parent becomes jobs.
  mutating func replace(
    folder name: [UInt8], status: FileStatus, entries: [ScannedEntry], reader: inout ChunkReader
  ) throws(SnapshotError) {
    try reopenRoot(&reader)
    let i: Int
    if let known = folder(named: name) {
      i = known
    } else {
      i = scan.folders.count
      scan.folders.append(
        ScannedFolder(path: scan.folders[0].path.appending(nameBytes: name), names: [name], entries: []))
      folders.append(Folder(stat: [], isUnchanged: false, parent: nil, marks: []))
      scan.folders[0].entries.append(ScannedEntry(name: name[...], status: status, folder: i))
      scan.folders[0].entries.sort { nameOrder($0.name, $1.name) }
      try decideAgain(0, &reader)
    }
    if let position = scan.folders[0].entries.firstIndex(where: { $0.name == name[...] }) {
      scan.folders[0].entries[position].status = status
      folders[0].stat = FolderState.stat(of: scan.folders[0].entries)
      folders[0].alike[position] = nil
    }
    scan.folders[i].entries = entries
    try decideAgain(i, &reader)
    for (entry, origin) in zip(entries, folders[i].origins) {
      if case .job(let job) = origin { try carryLinks(of: entry.status, to: job, &reader) }
    }
  }

  /// A folder at the top is not part of the snapshot after all.
  mutating func leaveOut(folder name: [UInt8], reader: inout ChunkReader) throws(SnapshotError) {
    guard let i = folder(named: name) else { return }
    try reopenRoot(&reader)
    scan.folders[0].entries.removeAll { $0.name == name[...] }
    scan.folders[i].isLeftOut = true
    try decideAgain(0, &reader)
  }

  /// A file at the top is to be read, now or again.
  /// - Returns: Its job; `nil` where there is no such file.
  mutating func reread(
    file name: [UInt8], status: FileStatus, reader: inout ChunkReader
  ) throws(SnapshotError) -> Int? {
    try reopenRoot(&reader)
    guard let position = scan.folders[0].entries.firstIndex(where: { $0.name == name[...] }) else { return nil }
    scan.folders[0].entries[position].status = status
    folders[0].stat = FolderState.stat(of: scan.folders[0].entries)
    folders[0].alike[position] = nil
    let parent = parentContent(at: position)
    let job = jobs.count
    folders[0].origins[position] = .job(job)
    jobs.append(
      FileJob(scan.folders[0].entries[position], in: scan.folders[0], parent: parent, isIndexFile: false))
    try carryLinks(of: status, to: job, &reader)
    return job
  }

  /// The other names of a file that is read again go with it: one file has one content.
  private mutating func carryLinks(
    of status: FileStatus, to job: Int, _ reader: inout ChunkReader
  ) throws(SnapshotError) {
    guard status.linkCount > 1 else { return }
    for i in scan.folders.indices where !scan.folders[i].isLeftOut {
      let links = scan.folders[i].entries.indices.filter {
        FileIdentity(scan.folders[i].entries[$0].status) == FileIdentity(status)
      }
      if links.isEmpty { continue }
      try reopen(i, &reader)
      for link in links {
        // Nobody asks for what it was to be read as before.
        if case .job(let old) = folders[i].origins[link], old != job { unread.removeAll { $0 == old } }
        scan.folders[i].entries[link].status = status
        folders[i].origins[link] = .job(job)
        folders[i].alike[link] = nil
      }
      folders[i].stat = FolderState.stat(of: scan.folders[i].entries)
    }
  }

  /// A folder, and with it those above, is no longer as in the parent.
  private mutating func reopen(_ i: Int, _ reader: inout ChunkReader) throws(SnapshotError) {
    try reopenRoot(&reader)
    var above = 0
    for name in scan.folders[i].names {
      guard let below = scan.folders[above].entries.first(where: { $0.name == name[...] })?.folder else { return }
      above = below
      guard folders[above].isUnchanged else { continue }
      folders[above].isUnchanged = false
      var byFile: [FileIdentity: Int] = [:]
      try decide(above, &byFile, &reader)
    }
  }

  /// What the parent snapshot holds of a file at the top.
  func parentContent(ofFile name: [UInt8]) -> Content? {
    scan.folders[0].entries.firstIndex { $0.name == name[...] }.flatMap(parentContent)
  }

  private func parentContent(at position: Int) -> Content? {
    guard folders[0].origins.indices.contains(position) else { return nil }
    switch folders[0].origins[position] {
    case .parent(let entry): if case .file(let content, _) = entry.kind { return content } else { return nil }
    case .job(let known): return jobs[known].parent
    case .scan: return nil
    }
  }

  private mutating func decideAgain(_ i: Int, _ reader: inout ChunkReader) throws(SnapshotError) {
    // What has been read already of files that are as they were need not be read again.
    var known: [FileIdentity: (Int, FileStatus)] = [:]
    for case .job(let job) in folders[i].origins { known[FileIdentity(jobs[job].status)] = (job, jobs[job].status) }
    let before = unread
    folders[i].isUnchanged = false
    folders[i].origins = []
    folders[i].alike = [:]
    folders[i].stat = FolderState.stat(of: scan.folders[i].entries)
    folders[i].marks = Array(repeating: FolderState.Mark(), count: scan.folders[i].entries.count)
    var byFile: [FileIdentity: Int] = [:]
    try decide(i, &byFile, &reader)
    for position in folders[i].origins.indices {
      guard case .job(let job) = folders[i].origins[position],
        i == 0 || !IndexHeader.isIndexFile(scan.folders[i].entries[position].name),
        let (old, status) = known[FileIdentity(jobs[job].status)], FileStamp(status) == FileStamp(jobs[job].status)
      else { continue }
      folders[i].origins[position] = .job(old)
      unread.removeAll { $0 == job && !before.contains($0) }
    }
  }
}
