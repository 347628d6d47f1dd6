import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

/// One file to read.
struct FileJob: Sendable {
  var path: FilePath
  /// From the source down, joined by `/`.
  var relativePath: [UInt8]
  var status: FileStatus
  /// What the parent snapshot holds at the same place, where that is a file.
  var parent: Content?
  /// Whether the folder's header.bin says that this is a file of an HNSW index.
  var isIndexFile: Bool
}

/// What came of reading a file.
enum FileOutcome: Sendable {
  case read(FileReading)
  /// It went meanwhile, or can't be read: it is not in the snapshot.
  case leftOut(SnapshotWarning)
  /// It changed while it was read; `status` is how it is now.
  case unstable(FileReading, FileStatus)
}

/// A file's bytes, stored.
struct FileReading: Sendable {
  var content: Content
  var chunking: Chunking
  /// As the file was when its last byte was read.
  var status: FileStatus
  var mark: FolderState.Mark
}

/// What workers pull: many small files, or a stretch of a long one.
enum WorkItem: Sendable {
  case smallFiles([Int])
  case stretch(SegmentedFile, SegmentedFile.Stretch)

  /// A group is closed at this many bytes or files.
  private static let groupBytes: UInt64 = 4 << 20
  private static let groupFiles = 256

  /// Long files first, so that no worker is left with one at the end.
  static func plan(_ jobs: [FileJob], _ indices: [Int], _ chunking: ChunkingParameters) -> [WorkItem] {
    var items: [WorkItem] = []
    var group: [Int] = []
    var bytes: UInt64 = 0
    var small: [WorkItem] = []
    for index in indices {
      let size = jobs[index].status.size
      if size > UInt64(chunking.minimumBytes) {
        let file = SegmentedFile(job: index, size: size, chunking)
        items += file.stretches.map { .stretch(file, $0) }
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
    return items + small
  }
}
