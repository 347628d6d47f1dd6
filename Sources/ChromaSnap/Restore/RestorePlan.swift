import SnapshotFormat
import SnapshotRepository
import SystemIO

/// What a restore will write, before it writes anything.
struct RestorePlan: Sendable {
  /// The source's own folder first, each folder before what is in it.
  var entries: [SnapshotEntry]
  /// Files whose content another file has already: hard links to it.
  var links: [(entry: Int, to: Int)] = []
  private(set) var files = 0
  private(set) var bytes: UInt64 = 0

  /// - Parameters:
  ///   - includes: Where there are any, only what they cover, and the folders on the way to it.
  ///   - excludes: What is left out, with all below.
  init(
    _ tree: inout SnapshotTree, includes: IgnoreRules = IgnoreRules(), excludes: IgnoreRules = IgnoreRules()
  ) throws(SnapshotError) {
    var all: [SnapshotEntry] = []
    func isLeftOut(_ entry: SnapshotEntry) -> Bool {
      let isFolder = if case .directory = entry.entry.kind { true } else { false }
      return !entry.names.isEmpty && excludes.excludes(entry.names, isFolder: isFolder)
    }
    try tree.walk(descend: { !isLeftOut($0) }) { (entry) throws(SnapshotError) in
      if !isLeftOut(entry) { all.append(entry) }
    }
    if !includes.isEmpty { all = Self.included(all, includes) }
    entries = all
    var hardLinks = HardLinks()
    for (i, entry) in entries.enumerated() {
      guard case .file = entry.entry.kind else { continue }
      files += 1
      if let original = hardLinks.original(of: entry.entry, at: i) {
        links.append((i, original))
      } else {
        bytes += entry.entry.size
      }
    }
  }

  private static func included(_ all: [SnapshotEntry], _ includes: IgnoreRules) -> [SnapshotEntry] {
    var wanted: Set<[[UInt8]]> = [[]]
    for entry in all {
      let isFolder = if case .directory = entry.entry.kind { true } else { false }
      guard !entry.names.isEmpty, includes.covers(entry.names, isFolder: isFolder) else { continue }
      for length in 0...entry.names.count { wanted.insert(Array(entry.names.prefix(length))) }
    }
    return all.filter { wanted.contains($0.names) }
  }

  /// One worker's portion: many small contents, or a segment of a long one.
  enum Item: Sendable {
    case files([Int])
    case segment(entry: Int, ContentSegment)
  }

  /// The portions of all contents, long ones first.
  func items(_ reader: inout ChunkReader) throws(SnapshotError) -> [Item] {
    let linked = Set(links.map(\.entry))
    var items: [Item] = []
    var small: [Item] = []
    var group: [Int] = []
    var bytes: UInt64 = 0
    for (i, entry) in entries.enumerated() where !linked.contains(i) {
      guard case .file(let content, _) = entry.entry.kind else { continue }
      if content.depth > 0 {
        for segment in try reader.segments(of: content) { items.append(.segment(entry: i, segment)) }
        continue
      }
      group.append(i)
      bytes += content.length
      if group.count == 256 || bytes >= 8 << 20 {
        small.append(.files(group))
        (group, bytes) = ([], 0)
      }
    }
    if !group.isEmpty { small.append(.files(group)) }
    return items + small
  }
}
