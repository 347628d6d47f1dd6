import SystemIO
package import SystemPackage

/// The files of a Chroma directory, wherever they are: on disk, or in a snapshot.
///
/// Any thread may ask at any time.
package protocol ChromaContents: Sendable {
  /// The file `name` in `folder` (`nil`: at the top), or `nil` where there is none.
  func file(_ name: String, in folder: String?) throws -> (any RandomAccessFile)?

  /// Bytes of a file, or `nil` where there is none.
  func size(of name: String, in folder: String?) throws -> UInt64?

  /// The names of the folders at the top.
  func folders() throws -> [String]
}

extension ChromaContents {
  package func size(of name: String, in folder: String?) throws -> UInt64? { try file(name, in: folder)?.size }
}

/// A Chroma directory on disk. Nobody may write to it meanwhile, and no lock may be held on its database by this
/// process: closing what is opened here would drop it.
package struct DirectoryContents: ChromaContents {
  package let path: FilePath
  /// Stands for `chroma.sqlite3`: a copy that was recovered from a crash.
  package let database: FilePath?

  package init(_ path: FilePath, database: FilePath? = nil) {
    self.path = path
    self.database = database
  }

  package func file(_ name: String, in folder: String?) throws -> (any RandomAccessFile)? {
    var at = path
    if let folder { at.append(folder) }
    at.append(name)
    if folder == nil, name == ChromaDirectory.databaseName, let database { at = database }
    do throws(SystemError) { return try DescriptorFile(opening: at) } catch {
      // What is no file is in no snapshot either.
      if [.noSuchFileOrDirectory, .notDirectory, .illegalSeek].contains(error.errno) { return nil }
      throw error
    }
  }

  package func folders() throws -> [String] {
    let directory = try Descriptor(opening: path, .read, [.directory])
    var result: [String] = []
    for name in try DirectoryReader.names(in: directory) where try directory.status(of: name).kind == .directory {
      result.append(String(decoding: name, as: UTF8.self))
    }
    return result.sorted()
  }
}
