import ChromaDB
import SnapshotFormat
public import SnapshotRepository
import SystemIO
public import SystemPackage

/// Finds the directory to snapshot, and what the repository knows of it.
public enum SourceLocator {
  /// Where Chroma directories usually are, below the working directory.
  static let usualPlaces = [
    ".", "chroma", "chroma_db", "chromadb", "chroma_data", "chroma-data", "chroma_storage", ".chroma", "chromadb_data",
    "data/chroma", "data/chroma_db", "data/chromadb", "db", "db/chroma", "vector_db", "vectorstore",
  ]

  /// The Chroma directory at or below `folder` in the usual places: the first that holds a database.
  public static func find(in folder: FilePath) throws(SnapshotError) -> FilePath {
    for place in usualPlaces {
      let candidate = place == "." ? folder : folder.pushing(FilePath(place))
      if isChroma(candidate) { return candidate }
    }
    throw SnapshotError(
      .sourceMissing, "there is no Chroma directory at \(folder) or in the usual places below it",
      hint: "Name the persist directory: chromasnap snapshot PATH.")
  }

  /// Whether a directory holds Chroma's database.
  public static func isChroma(_ folder: FilePath) -> Bool {
    SQLitePage.fingerprint(of: folder.appending(ChromaDirectory.databaseName)) != 0
  }

  /// What a directory is.
  /// - Throws: `no_permission` where it holds a database that may not be read, `usage` where it holds only a symbolic link
  ///   to one: all else in it is worth nothing without.
  static func kind(of folder: FilePath) throws(SnapshotError) -> Manifest.Source.Kind {
    if isChroma(folder) { return .chroma }
    let database = folder.appending(ChromaDirectory.databaseName)
    do throws(SystemError) { _ = try Descriptor(opening: database, .read, [.noFollow, .nonBlocking]) } catch {
      if error.errno == .permissionDenied { throw SnapshotError(error, while: "reading Chroma's database") }
      // What opening a symbolic link without following it ends with.
      if error.errno == .tooManySymbolicLinkLevels, let target = try? FileSystem.resolve(database),
        SQLitePage.fingerprint(of: target) != 0
      {
        throw SnapshotError(
          .usage, "\(database) is a symbolic link to \(target)",
          hint: "Name the directory that holds it: \(target.removingLastComponent()).")
      }
    }
    return .directory
  }

  /// The path without symbolic links of a directory that is there.
  static func resolve(_ source: FilePath) throws(SnapshotError) -> FilePath {
    let status: FileStatus
    do throws(SystemError) { status = try FileStatus(at: source) } catch {
      throw SnapshotError(
        error.errno == .noSuchFileOrDirectory ? .sourceMissing : .sourceUnreadable,
        "the source \(source) can't be read: \(error.errno)",
        hint: error.errno == .noSuchFileOrDirectory ? "Check the path." : "Run it as the owner.", cause: error)
    }
    guard status.kind == .directory else {
      throw SnapshotError(
        .sourceMissing, "the source \(source) is not a directory",
        hint: source.lastComponent?.string == ChromaDirectory.databaseName
          ? "Name the directory that holds it: the index folders beside it belong to the database."
          : "Name the directory to snapshot.")
    }
    return try calling("reading the source") { () throws(SystemError) in try FileSystem.resolve(source) }
  }

  /// How a manifest names a path.
  static func names(_ path: FilePath) -> (text: String, base64: String?) {
    let bytes = path.bytes
    let text = String(decoding: bytes, as: UTF8.self)
    return (text, Array(text.utf8) == bytes ? nil : Base64.encode(bytes))
  }

  /// The newest snapshot of a source: of the same path, and of this machine or of the very same directory. A container
  /// has another host name each time it runs, but its volume's directory stays.
  /// - Parameter root: The directory, where it is there.
  static func parent(
    of path: FilePath, root: FileStatus?, in repository: Repository
  ) throws(SnapshotError) -> Snapshot? {
    try repository.catalogue.newest(atPath: names(path).text) { snapshot in
      let source = snapshot.manifest.source
      return source.hasPath(path) && (snapshot.manifest.hostname == Platform.hostName || source.inode == root?.inode)
    }
  }
}
