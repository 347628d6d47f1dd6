import Synchronization
package import SystemIO
package import SystemPackage

/// The only plain descriptor that this process has on a database, and what stays open until the last SQLite
/// connection is closed.
///
/// POSIX locks belong to a process and a file: when a process closes *any* descriptor of a file, it loses all its
/// locks on it, those of a SQLite connection included. So there is one owner at a time per file, told by (device,
/// inode): a hard link is the same file. Whoever wants to read the bytes of a locked database reads them through this
/// owner. Refused where the process has the database open already: it may be Chroma's own.
package final class DatabaseFile: Sendable {
  package let path: FilePath
  package let identity: FileIdentity
  /// Closed before the claim to the file is given up.
  private let opened: Mutex<DescriptorFile?>

  private static let claimed = Mutex<Set<FileIdentity>>([])

  package init(opening path: FilePath) throws(ChromaError) {
    // Not even opened, and so never closed, before it is known that nobody here has it open.
    let identity = FileIdentity(try onSystem { () throws(SystemError) in try FileStatus(at: path) })
    guard Self.claimed.withLock({ $0.insert(identity).inserted }) else { throw Self.openHere(path) }
    do throws(ChromaError) {
      guard !DirectoryUse.isOpenHere(identity) else { throw Self.openHere(path) }
      opened = Mutex(try onSystem { () throws(SystemError) in try DescriptorFile(opening: path) })
    } catch {
      Self.claimed.withLock { _ = $0.remove(identity) }
      throw error
    }
    self.path = path
    self.identity = identity
  }

  deinit {
    opened.withLock { $0 = nil }
    Self.claimed.withLock { _ = $0.remove(identity) }
  }

  private static func openHere(_ path: FilePath) -> ChromaError {
    ChromaError(
      .openInThisProcess,
      "this process has the database open already, and would lose its locks; snapshot it from another process",
      path: path)
  }

  /// The open file. Nothing may keep it for longer than this owner lives.
  var file: DescriptorFile { opened.withLock { $0! } }

  /// The file as it is now, and its header; `nil` where it is no SQLite database.
  func look() throws(ChromaError) -> (FileStamp, SQLiteHeader)? {
    try onSystem { () throws(SystemError) in
      guard let header = SQLiteHeader(try file.descriptor.readStart(count: SQLiteHeader.byteCount)) else { return nil }
      return (FileStamp(try file.descriptor.status()), header)
    }
  }

  /// The file's bytes, with the size that it has now.
  package func content() throws(SystemError) -> DatabaseContent {
    DatabaseContent(owner: self, size: try file.descriptor.status().size)
  }
}

/// The bytes of a database that is held still, read through its only owner.
package struct DatabaseContent: RandomAccessFile {
  let owner: DatabaseFile
  package let size: UInt64

  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
    unsafe try owner.file.descriptor.read(at: offset, into: buffer)
  }
}

extension Descriptor {
  /// The first bytes of a file, fewer where it is shorter.
  borrowing func readStart(count: Int) throws(SystemError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var failure: SystemError?
    let read = unsafe bytes.withUnsafeMutableBytes { buffer in
      do throws(SystemError) { return unsafe try self.read(at: 0, into: buffer) } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    return Array(bytes[..<read])
  }
}
