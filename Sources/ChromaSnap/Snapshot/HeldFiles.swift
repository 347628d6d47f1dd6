import ChromaDB
import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO
import SystemPackage

/// Where a file's bytes come from: its own descriptor, or whoever holds it open.
protocol FileBytes: Sendable {
  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int
  func status() throws(SystemError) -> FileStatus
  func nextData(from offset: UInt64) -> UInt64?
  /// Says as which chunks what was read from `offset` on is stored.
  func stored(_ chunks: [ChunkList.Child], from offset: UInt64)
  /// The fingerprint of what was read there, where reading it made one.
  func fingerprint(at offset: UInt64, length: Int) -> LastingFingerprint?
}

extension FileBytes {
  func stored(_ chunks: [ChunkList.Child], from offset: UInt64) {}
  func fingerprint(at offset: UInt64, length: Int) -> LastingFingerprint? { nil }
}

extension SharedDescriptor: FileBytes {
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
  /// Where others may write to it: what is read is noted, so that a later look can tell what has changed.
  var regions: DatabaseRegions?

  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
    let count = unsafe try content.readBytes(at: offset, into: buffer)
    if let regions {
      let isAtEnd = offset + UInt64(count) >= content.size
      unsafe regions.note(UnsafeRawBufferPointer(rebasing: buffer[..<count]).bytes, from: offset, isAtEnd: isAtEnd)
    }
    return count
  }
  func status() throws(SystemError) -> FileStatus { stat }
  func nextData(from offset: UInt64) -> UInt64? { offset }
  func stored(_ chunks: [ChunkList.Child], from offset: UInt64) { regions?.note(chunks, from: offset) }
  func fingerprint(at offset: UInt64, length: Int) -> LastingFingerprint? {
    regions?.fingerprint(at: offset, length: length)
  }
}

/// A file that was copied under a hold, to be worked on after it.
struct SpooledFile: FileBytes {
  let spool: Spool
  /// Each but the last is `runBytes` long.
  let runs: [Spool.Run]
  let stat: FileStatus

  static let runBytes = 1 << 20

  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
    var done = 0
    while done < buffer.count {
      let (run, from) = Int(offset + UInt64(done)).quotientAndRemainder(dividingBy: Self.runBytes)
      guard run < runs.count else { break }
      let count = unsafe try spool.read(
        runs[run], from: from, into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
      if count == 0 { break }
      done += count
    }
    return done
  }
  func status() throws(SystemError) -> FileStatus { stat }
  func nextData(from offset: UInt64) -> UInt64? { offset }
}

extension RandomAccessFile {
  /// Reads, with a system's error for whatever goes wrong.
  func readBytes(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
    do { return unsafe try read(into: buffer, at: offset) } catch let error as SystemError { throw error } catch {
      throw SystemError(.ioError, call: "read")
    }
  }
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

  func hold(_ key: FileIdentity, _ file: any FileBytes) {
    state.withLock { state in
      state.files[key] = file
      state.deferred.remove(key)
    }
  }

  /// From now on the file is opened by its path.
  func release(_ key: FileIdentity) {
    state.withLock { state in
      state.files[key] = nil
      state.deferred.remove(key)
    }
  }

  func putOff(_ keys: Set<FileIdentity>) { state.withLock { $0.deferred.formUnion(keys) } }

  /// Whether a file must not be opened now.
  func isDeferred(_ status: FileStatus) -> Bool { state.withLock { $0.deferred.contains(FileIdentity(status)) } }
}
