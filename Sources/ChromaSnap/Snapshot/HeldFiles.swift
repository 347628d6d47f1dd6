import ChromaDB
import SnapshotRepository
import Synchronization
import SystemIO
import SystemPackage

/// Where a file's bytes come from: its own descriptor, or whoever holds it open.
protocol FileBytes: Sendable {
  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int
  func status() throws(SystemError) -> FileStatus
  func nextData(from offset: UInt64) -> UInt64?
}

/// An open descriptor that several workers share.
final class FileHandle: FileBytes {
  private let descriptor: Descriptor
  init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
    unsafe try descriptor.read(at: offset, into: buffer)
  }
  func status() throws(SystemError) -> FileStatus { try descriptor.status() }
  func nextData(from offset: UInt64) -> UInt64? { descriptor.nextData(from: offset) }
}

/// A database that a capture holds: its bytes come through the owner of its descriptor, its stat data from the capture.
struct HeldDatabase: FileBytes {
  let content: any RandomAccessFile
  let stat: FileStatus

  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
    do { return unsafe try content.read(into: buffer, at: offset) } catch let error as SystemError { throw error } catch
    {
      throw SystemError(.ioError, call: "read")
    }
  }
  func status() throws(SystemError) -> FileStatus { stat }
  func nextData(from offset: UInt64) -> UInt64? { offset }
}

/// Files that a capture holds open for as long as it lasts. They are read through whoever holds them and never opened
/// again: closing any other descriptor of a file that SQLite has locked in this process would drop its lock.
final class HeldFiles: Sendable {
  private struct State {
    var files: [FileIdentity: any FileBytes] = [:]
    /// Files that are not opened at all: they come later.
    var deferred: Set<FileIdentity> = []
  }

  private let state = Mutex(State())

  init() {}

  subscript(_ status: FileStatus) -> (any FileBytes)? { state.withLock { $0.files[FileIdentity(status)] } }

  func hold(_ key: FileIdentity, _ file: (any FileBytes)?) {
    state.withLock { state in
      state.files[key] = file
      state.deferred.remove(key)
    }
  }

  func putOff(_ keys: Set<FileIdentity>) { state.withLock { $0.deferred.formUnion(keys) } }

  /// Whether a file must not be opened now.
  func isDeferred(_ status: FileStatus) -> Bool { state.withLock { $0.deferred.contains(FileIdentity(status)) } }
}
