import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

/// One file to read.
struct FileJob: Sendable {
  // Shared with the scan: of a hundred thousand jobs each would take as much again for a path of its own.
  private let folder: FilePath
  private let folderNames: [[UInt8]]
  private let name: ArraySlice<UInt8>
  var status: FileStatus
  /// What the parent snapshot holds at the same place, where that is a file.
  var parent: Content?
  /// Whether the folder's header.bin says that this is a file of an HNSW index.
  var isIndexFile: Bool

  init(_ entry: ScannedEntry, in folder: ScannedFolder, parent: Content?, isIndexFile: Bool) {
    self.folder = folder.path
    folderNames = folder.names
    name = entry.name
    status = entry.status
    self.parent = parent
    self.isIndexFile = isIndexFile
  }

  var path: FilePath { folder.appending(nameBytes: Array(name)) }

  /// From the source down, joined by `/`.
  var relativePath: [UInt8] { Array((folderNames + [Array(name)]).joined(separator: [UInt8(ascii: "/")])) }
}

/// What came of reading a file.
enum FileOutcome: Sendable {
  /// The file was the same before and after, and as the job has it.
  case read(FileReading)
  /// It went meanwhile, or can't be read: it is not in the snapshot.
  case leftOut(SnapshotWarning)
  /// It changed while it was read; how it was at the end.
  indirect case unstable(FileReading, FileStatus)

  /// What was read, if anything.
  var reading: FileReading? {
    switch self {
    case .read(let reading), .unstable(let reading, _): reading
    case .leftOut: nil
    }
  }
}

/// A file's bytes, stored. There is one per file of a first snapshot: it holds no more than it must.
struct FileReading: Sendable {
  var content: Content
  var chunking: Chunking
  var mark: FolderState.Mark
  /// The file's own, where they were asked for while it was open.
  var attributes: [ExtendedAttribute]?
}

/// What workers pull: many small files, or a stretch of a long one.
enum WorkItem: Sendable {
  case smallFiles([Int])
  case stretch(SegmentedFile, SegmentedFile.Stretch)

  /// A group is closed at this many bytes or files.
  private static let groupBytes: UInt64 = 4 << 20
  private static let groupFiles = 256

  /// Long files first, so that no worker is left with one at the end, and of these what the parent snapshot has nothing like,
  /// which takes longest. Most entries of the catalogue are of small files: they come before the last long ones, while
  /// something is left to be read as these are made.
  static func plan(_ jobs: [FileJob], _ indices: [Int], _ chunking: ChunkingParameters) -> [WorkItem] {
    var (new, known): ([WorkItem], [WorkItem]) = ([], [])
    var group: [Int] = []
    var bytes: UInt64 = 0
    var small: [WorkItem] = []
    for index in indices {
      let size = jobs[index].status.size
      if size > UInt64(chunking.minimumBytes) {
        let file = SegmentedFile(job: index, size: size, chunking)
        let lengthBefore = jobs[index].parent?.length ?? 0
        for stretch in file.stretches {
          let isKnown = file.range(of: stretch, .regions).lowerBound < lengthBefore
          if isKnown { known.append(.stretch(file, stretch)) } else { new.append(.stretch(file, stretch)) }
        }
        continue
      }
      group.append(index)
      bytes += size
      if bytes >= groupBytes || group.count == groupFiles {
        small.append(.smallFiles(group))
        group = []
        bytes = 0
      }
    }
    if !group.isEmpty { small.append(.smallFiles(group)) }
    let items = new + known
    let last = items.count * 3 / 4
    return items[..<last] + small + items[last...]
  }
}
