import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage
import ZipArchive

extension OldBackup {
  /// Looks into a ZIP: its central directory, and its metadata. Nothing is unpacked.
  static func zip(_ file: FilePath) throws(SnapshotError) -> OldBackup {
    try OldBackup.reading(file) { (reader, modified) throws(SnapshotError) in
      var digests: [ChunkID] = []
      try unzipping(file) { () throws(ZipError) in
        try reader.forEachDirectoryPiece { digests.append(ChunkID(of: $0)) }
      }
      let entries = reader.records.map { record in
        BackupEntry(
          names: record.entry.name.split(separator: UInt8(ascii: "/")).map(Array.init),
          isFile: record.entry.kind != .directory, size: record.size, modified: record.entry.modified)
      }
      return try OldBackup(
        file, .zip, entries, digest: digests.count == 1 ? digests[0] : ChunkID(of: digests.flatMap(\.bytes)),
        modified: modified
      ) { (i) throws(SnapshotError) in
        try unzipping(file) { () throws(ZipError) in
          var extractor = ZipExtractor(reader)
          return try extractor.bytes(of: reader.records[i])
        }
      }
    }
  }

  /// Looks into a folder that was left unpacked.
  static func folder(_ path: FilePath) throws(SnapshotError) -> OldBackup {
    let scan = try SourceScan.walk(path, leavingOut: SourceScan.Exclusions(), activity: Activity())
    var listing = ByteWriter()
    var entries: [BackupEntry] = []
    for folder in scan.folders {
      for entry in folder.entries {
        let relative = folder.relativePath(of: entry.name)
        listing.append(UInt32(relative.count))
        listing.append(relative)
        listing.append(entry.status.kind.rawValue)
        listing.append(entry.status.kind == .file ? entry.status.size : 0)
        listing.append(entry.status.modified.seconds)
        entries.append(
          BackupEntry(
            names: folder.names + [Array(entry.name)], isFile: entry.status.kind != .directory, size: entry.status.size,
            modified: entry.status.modified))
      }
    }
    let found = entries
    return try OldBackup(
      path, .folder, entries, digest: ChunkID(of: listing.bytes), modified: scan.root.modified
    ) { (i) throws(SnapshotError) in
      let file = found[i].names.reduce(path) { $0.appending(nameBytes: $1) }
      // Not through a link: what that leads to is not in the folder, and a FIFO would be waited for.
      guard (try? FileStatus(at: file, following: false).kind) == .file else { return [] }
      return try calling("reading \(file)") { () throws(SystemError) in
        try Descriptor(opening: file, .read, [.nonBlocking, .noFollow]).readAll(limit: 16 << 20)
      }
    }
  }

  /// Opens a ZIP.
  static func reading<Result>(
    _ file: FilePath, _ body: (ZipReader<Descriptor>, _ modified: Timestamp) throws(SnapshotError) -> Result
  ) throws(SnapshotError) -> Result {
    // A FIFO would be waited for.
    let descriptor = try calling("reading \(file)") { () throws(SystemError) in
      try Descriptor(opening: file, .read, [.nonBlocking])
    }
    let status = try calling("reading \(file)") { () throws(SystemError) in try descriptor.status() }
    guard status.kind == .file else {
      throw SnapshotError(.unsupported, "\(file) is not a file", hint: "Name ZIP files, or folders of them.")
    }
    let reader: ZipReader<Descriptor>
    do throws(ZipError) { reader = try ZipReader(descriptor) } catch { throw SnapshotError(error, in: file) }
    return try body(reader, status.modified)
  }
}

/// Reads an archive, and says what is wrong with it where that fails.
func unzipping<Result: ~Copyable>(
  _ file: FilePath, _ body: () throws(ZipError) -> Result
) throws(SnapshotError) -> Result {
  do throws(ZipError) { return try body() } catch { throw SnapshotError(error, in: file) }
}

extension SnapshotError {
  /// What a ZIP's error means for the user.
  init(_ error: ZipError, in file: FilePath) {
    if let cause = error.cause as? SystemError {
      self.init(cause, while: "reading \(file)")
      return
    }
    let what = error.sentence
    switch error.code {
    case .damaged, .notAnArchive:
      self.init(.damaged, "backup corrupted: \(file): \(what)", hint: error.hint, cause: error)
    case .encrypted, .unsupported:
      self.init(.unsupported, "\(file): \(what)", hint: error.hint, cause: error)
    case .unsafeName, .duplicateName, .overlapping, .overLimit:
      self.init(.unsafeArchive, "\(file) is refused: \(what)", hint: error.hint, cause: error)
    case .contentUnreadable, .contentChanged, .inputOutput:
      self.init(.failed, "\(file): \(what)", hint: error.hint, cause: error)
    }
  }
}
