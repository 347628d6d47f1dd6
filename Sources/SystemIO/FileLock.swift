package import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An advisory lock of the kernel on a file (flock(2)): it dies with its process, and two handles exclude each other
/// even within one process.
package struct FileLock: ~Copyable, Sendable {
  package enum Mode: Sendable { case shared, exclusive }

  private let file: Descriptor

  /// Whether what is locked still has its name: whoever had the lock before may have renamed or removed it.
  package var isCurrent: Bool {
    guard let mine = try? file.status(), let there = try? FileStatus(at: file.path, following: false) else {
      return false
    }
    return FileIdentity(mine) == FileIdentity(there)
  }

  /// Takes the lock if it is free. The file is made where it is missing.
  /// - Returns: `nil` where somebody else holds it.
  package static func attempt(_ path: FilePath, _ mode: Mode) throws(SystemError) -> FileLock? {
    try lock(Self.open(path), mode)
  }

  /// Takes an exclusive lock on a folder if it is free.
  /// - Returns: `nil` where somebody else holds it.
  package static func attempt(folder path: FilePath) throws(SystemError) -> FileLock? {
    try attempt(existing: path, [.directory, .noFollow])
  }

  /// The same on a file that is there.
  package static func attempt(
    existing path: FilePath, _ options: Descriptor.Options = [.noFollow]
  ) throws(SystemError) -> FileLock? {
    try lock(Descriptor(opening: path, .read, options), .exclusive)
  }

  private static func lock(_ file: consuming Descriptor, _ mode: Mode) throws(SystemError) -> FileLock? {
    let (raw, operation) = (file.raw, (mode == .shared ? LOCK_SH : LOCK_EX) | LOCK_NB)
    do throws(SystemError) { try systemCall("flock", file.path) { flock(raw, operation) } } catch {
      if error.errno == .wouldBlock || error.errno == .resourceTemporarilyUnavailable { return nil }
      throw error
    }
    return FileLock(file: file)
  }

  /// A reader of a folder that it may not write to can still take a lock on what is there.
  private static func open(_ path: FilePath) throws(SystemError) -> Descriptor {
    do throws(SystemError) { return try Descriptor(opening: path, .readWrite, [.create]) } catch {
      guard error.errno == .permissionDenied || error.errno == .readOnlyFileSystem, FileStatus.exists(path) else {
        throw error
      }
      return try Descriptor(opening: path, .read)
    }
  }
}
