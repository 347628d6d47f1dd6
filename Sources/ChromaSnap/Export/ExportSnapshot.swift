import SnapshotFormat
public import SnapshotRepository
import SystemIO
public import SystemPackage
import ZipArchive

/// Writes a snapshot as an ordinary ZIP of the directory, with a `backup_metadata.json` beside its files. The same
/// snapshot gives the same bytes.
public struct ExportSnapshot: Sendable {
  public var selector: SnapshotSelector
  /// The archive; `nil`: the snapshot's name with `.zip`, in `folder`.
  public var file: FilePath?
  /// Where an archive goes that is not named.
  public var folder: FilePath
  /// Deflate's level: 0 stores, 9 compresses best.
  public var level = 6

  public static let metadataName = "backup_metadata.json"

  /// How the name of an archive begins that is not complete yet; some digits follow. Short, whatever the archive is called.
  static func partialPrefix(_ snapshot: Snapshot) -> String { ".chromasnap-zip-\(snapshot.id.short)-" }

  public init(_ selector: SnapshotSelector, file: FilePath? = nil, folder: FilePath) {
    self.selector = selector
    self.file = file
    self.folder = folder
  }

  public struct Summary: Sendable {
    public var snapshot: Snapshot
    public var file: FilePath
    public var entries: Int
    /// Bytes of the archive.
    public var bytes: UInt64
    /// Seconds.
    public var duration: Double
    /// What of the snapshot is not in the archive.
    public var warnings: [SnapshotWarning] = []
  }

  /// - Throws: `target_exists` where there is such a file: an export replaces nothing.
  public func run(in location: RepositoryLocation, activity: Activity = Activity()) throws(SnapshotError) -> Summary {
    let stopwatch = Stopwatch()
    let repository = try location.open(for: .read)
    let snapshot = try selector.find(in: repository)
    let file = file ?? folder.appending(snapshot.manifest.name + ".zip")
    guard !FileStatus.exists(file) else {
      throw SnapshotError(.targetExists, "\(file) is there already", hint: "Name another file; nothing is replaced.")
    }
    let place = file.absolute.removingLastComponent()
    let partial = place.appending(Self.partialPrefix(snapshot) + hexadecimal(randomBytes(4)))
    defer { try? FileSystem.removeFile(partial) }
    let index = try ChunkIndex(repository)
    defer { repository.noteFoundDamage(index) }
    let (done, warnings) = try write(snapshot, to: partial, from: repository, index, activity)
    try calling("writing \(file)") { () throws(SystemError) in
      try FileSystem.renameExclusively(partial, to: file)
      try FileSystem.synchronizeFolder(place)
    }
    return Summary(
      snapshot: snapshot, file: file, entries: done.entries, bytes: done.bytes, duration: stopwatch.seconds,
      warnings: warnings)
  }

  private func write(
    _ snapshot: Snapshot, to path: FilePath, from repository: Repository, _ index: ChunkIndex, _ activity: Activity
  ) throws(SnapshotError) -> (ZipSummary, [SnapshotWarning]) {
    var tree = SnapshotTree(snapshot, in: repository, index: index)
    let plan = try RestorePlan(&tree)
    activity.expect(files: plan.files)
    let readers = ChunkReaderPool(repository, index: index)
    let metadataName = Array(Self.metadataName.utf8)
    var warnings: [SnapshotWarning] = []
    do {
      let output = try Descriptor(opening: path, .readWrite, [.create, .exclusive])
      var writer = ZipWriter(to: try output.duplicate(), level: level)
      for found in plan.entries where !found.names.isEmpty {
        try activity.checkpoint()
        // An archive can't hold two of that name, nor ours and a folder's content.
        if found.names.first == metadataName {
          if found.names.count == 1 {
            warnings.append(
              SnapshotWarning(
                .leftOut, "the source's own \(Self.metadataName) is not in the ZIP, which has another",
                path: metadataName))
          }
          continue
        }
        try add(found, to: &writer, readers)
        activity.did(files: 1)
      }
      let metadata = ZipBytes(String(decoding: Self.metadata(of: snapshot), as: UTF8.self))
      try writer.add(
        ZipEntry(name: Self.metadataName, permissions: 0o600, modified: snapshot.manifest.time), content: metadata)
      let summary = try writer.finish()
      try output.synchronize()
      return (summary, warnings)
    } catch { throw Self.failure(error, path) }
  }

  private func add(
    _ found: SnapshotEntry, to writer: inout ZipWriter<Descriptor>, _ readers: ChunkReaderPool
  ) throws {
    var entry = ZipEntry(name: found.path, permissions: found.entry.permissions, modified: found.entry.modified)
    switch found.entry.kind {
    case .directory:
      entry.kind = .directory
      try writer.add(entry)
    case .symbolicLink(let target):
      entry.kind = .symbolicLink
      try writer.add(entry, content: ZipBytes(target))
    case .file(let content, _):
      try writer.add(entry, content: try SnapshotZipContent(content, of: found.displayPath, readers: readers))
    }
  }

  /// What identifies the snapshot, and the same in the words of the old backup scripts.
  private static func metadata(of snapshot: Snapshot) -> [UInt8] {
    struct Collection: Encodable {
      var collection: ChromaSummary.Collection

      private enum CodingKeys: String, CodingKey { case count }

      func encode(to encoder: any Encoder) throws {
        try collection.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(collection.records, forKey: .count)
      }
    }
    struct Metadata: Encodable {
      var backup_timestamp: String
      var backup_type = "full"
      var source_path: String
      var file_count: Int
      var total_size_bytes: UInt64
      var timestamp: String
      var backup_name: String
      var snapshot_id: String
      var source: String
      var description: String
      var tags: [String]
      var total_files: Int
      var total_size: UInt64
      var collections: [Collection]
    }
    let manifest = snapshot.manifest
    return Document.encode(
      Metadata(
        backup_timestamp: manifest.time.rfc3339Seconds, source_path: manifest.source.path,
        file_count: manifest.statistics.files, total_size_bytes: manifest.statistics.totalBytes,
        timestamp: manifest.time.rfc3339Seconds, backup_name: manifest.name, snapshot_id: snapshot.id.description,
        source: manifest.source.path, description: manifest.description, tags: manifest.tags,
        total_files: manifest.statistics.files, total_size: manifest.statistics.totalBytes,
        collections: (manifest.chroma?.collections ?? []).map(Collection.init)))
  }

  private static func failure(_ error: any Error, _ path: FilePath) -> SnapshotError {
    switch error {
    case let error as SnapshotError: error
    case let error as SystemError: SnapshotError(error, while: "writing \(path)")
    case let error as ZipError:
      if let cause = error.cause {
        failure(cause, path)
      } else {
        SnapshotError(
          .unsupported, error.sentence,
          hint: "What a ZIP can't hold, such as a name with a backslash, is restored with `chromasnap restore`.")
      }
    default: SnapshotError(.failed, "writing \(path): \(error)")
    }
  }
}
