package import SystemIO
package import SystemPackage

/// What a Chroma directory looks like from outside, without SQL and without a lock.
package struct ChromaDirectory: Hashable, Sendable {
  package static let databaseName = "chroma.sqlite3"

  /// What SQLite keeps beside a database.
  package enum Sidecar: String, CaseIterable, Sendable {
    case journal = "chroma.sqlite3-journal"
    case writeAheadLog = "chroma.sqlite3-wal"
    case sharedMemory = "chroma.sqlite3-shm"
  }

  /// Something worth a warning about the size of a file.
  package struct Bloat: Hashable, Sendable {
    package enum Kind: String, Sendable {
      /// It takes less than half of its size on disk.
      case sparse
      /// It is larger than its header can explain.
      case oversized
    }
    package var kind: Kind
    package var folder: String
    package var file: HNSWFile
    /// Bytes.
    package var size: UInt64
    /// Bytes of disk.
    package var allocated: UInt64
  }

  package var path: FilePath
  package var database: FileStamp
  package var header: SQLiteHeader
  package var sidecars: [Sidecar: FileStamp]
  /// By name. Which of them are orphans, only the database tells.
  package var folders: [SegmentFolder]
  package var bloat: [Bloat]

  package var databasePath: FilePath { path.appending(Self.databaseName) }

  /// Looks at a directory.
  ///
  /// Reads the database's first 100 bytes through a descriptor of its own, so no connection of this process may hold a
  /// lock on it: see `DatabaseFile`.
  /// - Returns: `nil` where it holds no SQLite database of Chroma's name. Whether its tables are Chroma's,
  ///   `ChromaSchema` tells.
  package static func detect(_ path: FilePath) throws(ChromaError) -> ChromaDirectory? {
    let at = path.appending(databaseName)
    guard try exists(at) else { return nil }
    return try detect(path, DatabaseFile(opening: at))
  }

  static func detect(_ path: FilePath, _ database: DatabaseFile) throws(ChromaError) -> ChromaDirectory? {
    guard let (stamp, header) = try database.look() else { return nil }
    return try onSystem { () throws(SystemError) -> ChromaDirectory in
      var sidecars: [Sidecar: FileStamp] = [:]
      for sidecar in Sidecar.allCases {
        if let status = try status(path.appending(sidecar.rawValue)) { sidecars[sidecar] = FileStamp(status) }
      }
      let folders = try folders(in: path)
      return ChromaDirectory(
        path: path, database: stamp, header: header, sidecars: sidecars, folders: folders,
        bloat: try bloat(of: folders, in: path))
    }
  }

  /// The folders with a segment's name, sorted.
  package static func folders(in path: FilePath) throws(SystemError) -> [SegmentFolder] {
    let directory = try Descriptor(opening: path, .read, [.directory])
    var folders: [SegmentFolder] = []
    for bytes in try DirectoryReader.names(in: directory) {
      let name = String(decoding: bytes, as: UTF8.self)
      guard SegmentFolder.isSegmentName(name) else { continue }
      do throws(SystemError) {
        guard try directory.status(of: bytes).kind == .directory else { continue }
      } catch {
        // Chroma may delete it at any time.
        if error.errno == .noSuchFileOrDirectory { continue }
        throw error
      }
      folders.append(try SegmentFolder.look(name, in: path))
    }
    return folders.sorted { $0.name < $1.name }
  }

  private static func exists(_ path: FilePath) throws(ChromaError) -> Bool {
    try onSystem { () throws(SystemError) in try status(path) }.map { $0.kind == .file } ?? false
  }

  /// What is at `path`, symbolic links followed; `nil` where nothing is.
  static func status(_ path: FilePath) throws(SystemError) -> FileStatus? {
    do throws(SystemError) { return try FileStatus(at: path) } catch {
      if error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory { return nil }
      throw error
    }
  }

  private static func bloat(of folders: [SegmentFolder], in path: FilePath) throws(SystemError) -> [Bloat] {
    var result: [Bloat] = []
    for folder in folders { result += try bloat(of: folder, in: path) }
    return result
  }

  private static func bloat(of folder: SegmentFolder, in path: FilePath) throws(SystemError) -> [Bloat] {
    let small: UInt64 = 1 << 20
    guard folder.files.values.contains(where: { $0.size > small }) else { return [] }
    let at = path.appending(folder.name)
    // Whatever bears the name: a FIFO must not be waited for.
    let start = try? Descriptor(opening: at.appending(HNSWFile.header.rawValue), .read, [.nonBlocking])
      .readAll(limit: Int(HNSWFile.headerSizeMax))
    let header = start.flatMap { HNSWHeader($0) }
    var result: [Bloat] = []
    for file in HNSWFile.allCases where (folder.files[file]?.size ?? 0) > small {
      guard let status = try status(at.appending(file.rawValue)) else { continue }
      let expected: UInt64? =
        switch file {
        case .links: header?.absurdLinksSize
        case .data: header.map { 2 * max($0.count, $0.capacity) * $0.stride }
        case .lengths: header.map { 2 * max($0.count, $0.capacity) * 4 }
        case .header: HNSWFile.headerSizeMax
        case .metadata: nil
        }
      let kind: Bloat.Kind? =
        if let expected, status.size > max(small, expected) {
          .oversized
        } else if status.allocatedSize < status.size / 2 { .sparse } else { nil }
      guard let kind else { continue }
      result.append(
        Bloat(kind: kind, folder: folder.name, file: file, size: status.size, allocated: status.allocatedSize))
    }
    return result
  }
}
