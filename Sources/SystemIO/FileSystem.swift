import CPlatform
package import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Changes to directories, each with the manual's call behind it.
package enum FileSystem {
  /// Makes a folder with the given permissions whatever the umask. Returns whether it was new.
  @discardableResult
  package static func makeFolder(_ path: FilePath, permissions: UInt32 = 0o700) throws(SystemError) -> Bool {
    do throws(SystemError) {
      try systemCall("mkdir", path) { unsafe path.withPlatformString { unsafe mkdir($0, mode_t(permissions)) } }
    } catch {
      if error.errno == .fileExists, let status = try? FileStatus(at: path), status.kind == .directory { return false }
      throw error
    }
    try setPermissions(permissions, at: path)
    return true
  }

  /// Makes a folder and those above it that are missing. Returns the folders that are new, outermost first.
  @discardableResult
  package static func makeFolders(_ path: FilePath, permissions: UInt32 = 0o700) throws(SystemError) -> [FilePath] {
    var missing: [FilePath] = []
    var at = path
    while !at.isEmpty, (try? FileStatus(at: at)) == nil {
      missing.append(at)
      let above = at.removingLastComponent()
      if above == at { break }
      at = above
    }
    var made: [FilePath] = []
    for folder in missing.reversed() where try makeFolder(folder, permissions: permissions) { made.append(folder) }
    if missing.isEmpty, try FileStatus(at: path).kind != .directory {
      throw SystemError(.notDirectory, call: "mkdir", path: path)
    }
    return made
  }

  package static func setPermissions(_ permissions: UInt32, at path: FilePath) throws(SystemError) {
    try systemCall("chmod", path) { unsafe path.withPlatformString { unsafe chmod($0, mode_t(permissions)) } }
  }

  package static func rename(_ from: FilePath, to: FilePath) throws(SystemError) {
    try systemCall("rename", to) {
      unsafe from.withPlatformString { a in
        unsafe to.withPlatformString { b in
          #if canImport(Glibc)
            unsafe Glibc.rename(a, b)
          #elseif canImport(Musl)
            unsafe Musl.rename(a, b)
          #else
            unsafe Darwin.rename(a, b)
          #endif
        }
      }
    }
  }

  /// Renames where nothing has the new name yet; `EEXIST` otherwise.
  package static func renameExclusively(_ from: FilePath, to: FilePath) throws(SystemError) {
    try systemCall("renameat2", to) {
      unsafe from.withPlatformString { a in
        unsafe to.withPlatformString { b in unsafe cplatform_rename_exclusive(a, b) }
      }
    }
  }

  /// Exchanges two paths in one step; `EINVAL` or `ENOSYS` where the file system cannot.
  package static func exchange(_ a: FilePath, _ b: FilePath) throws(SystemError) {
    try systemCall("renameat2", b) {
      unsafe a.withPlatformString { x in unsafe b.withPlatformString { y in unsafe cplatform_exchange(x, y) } }
    }
  }

  package static func removeFile(_ path: FilePath) throws(SystemError) {
    try systemCall("unlink", path) { unsafe path.withPlatformString { unsafe unlink($0) } }
  }

  package static func removeEmptyFolder(_ path: FilePath) throws(SystemError) {
    try systemCall("rmdir", path) { unsafe path.withPlatformString { unsafe rmdir($0) } }
  }

  /// Removes what is at `path` and everything in it; symbolic links are removed, never followed, and what is mounted there is
  /// left alone.
  package static func removeTree(_ path: FilePath) throws(SystemError) {
    try removeTree(path, on: FileStatus(at: path, following: false).device, mount: mountID(of: path))
  }

  private static func removeTree(_ path: FilePath, on device: UInt64, mount: UInt64) throws(SystemError) {
    let status = try FileStatus(at: path, following: false)
    guard status.device == device else { throw SystemError(.resourceBusy, call: "unlink", path: path) }
    // A file that something is mounted on is not removed by the system.
    guard status.kind == .directory else { return try removeFile(path) }
    guard mountID(of: path) == mount else { throw SystemError(.resourceBusy, call: "rmdir", path: path) }
    // A folder without write permission can't be emptied by its owner either.
    if status.permissions & 0o700 != 0o700 { try? setPermissions(status.permissions | 0o700, at: path) }
    for name in try DirectoryReader.names(in: path) {
      try removeTree(path.appending(nameBytes: name), on: device, mount: mount)
    }
    try removeEmptyFolder(path)
  }

  /// Tells apart what a device number does not: bind mounts of one file system. 0 where the system doesn't say.
  private static func mountID(of path: FilePath) -> UInt64 {
    unsafe path.withPlatformString { unsafe cplatform_mount_id($0) }
  }

  /// Makes the entries of a folder durable.
  package static func synchronizeFolder(_ path: FilePath) throws(SystemError) {
    try Descriptor(opening: path, .read, [.directory]).synchronize()
  }

  package static func readLink(_ name: [UInt8], in directory: borrowing Descriptor) throws(SystemError) -> [UInt8] {
    try readLink(name, from: directory.raw, directory.path.appending(nameBytes: name))
  }

  /// What a symbolic link names; where that is relative, it starts at the link's folder.
  package static func readLink(_ path: FilePath) throws(SystemError) -> FilePath {
    FilePath(bytes: try readLink(path.bytes, from: AT_FDCWD, path))
  }

  private static func readLink(_ name: [UInt8], from folder: CInt, _ path: FilePath) throws(SystemError) -> [UInt8] {
    var target = [UInt8](repeating: 0, count: 4096)
    let count = try systemCall("readlinkat", path) {
      unsafe target.withUnsafeMutableBytes { buffer in
        unsafe withCString(name) {
          unsafe readlinkat(folder, $0, buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count)
        }
      }
    }
    return Array(target[..<count])
  }

  package static func makeSymbolicLink(to target: [UInt8], at path: FilePath) throws(SystemError) {
    try systemCall("symlink", path) {
      unsafe withCString(target) { t in unsafe path.withPlatformString { unsafe symlink(t, $0) } }
    }
  }

  package static func makeHardLink(to existing: FilePath, at path: FilePath) throws(SystemError) {
    try systemCall("link", path) {
      unsafe existing.withPlatformString { e in unsafe path.withPlatformString { unsafe link(e, $0) } }
    }
  }

  /// Gives owner and group; of a symbolic link, the link's own.
  package static func setOwner(_ owner: UInt32, group: UInt32, at path: FilePath) throws(SystemError) {
    try systemCall("lchown", path) { unsafe path.withPlatformString { unsafe lchown($0, owner, group) } }
  }

  /// Gives the time of last modification, and of last access the same; of a symbolic link, the link's own.
  package static func setModified(_ time: Timestamp, at path: FilePath) throws(SystemError) {
    let value = timespec(tv_sec: time_t(time.seconds), tv_nsec: Int(time.nanoseconds))
    let both = [value, value]
    try systemCall("utimensat", path) {
      unsafe both.withUnsafeBufferPointer { times in
        unsafe path.withPlatformString { unsafe utimensat(AT_FDCWD, $0, times.baseAddress!, AT_SYMLINK_NOFOLLOW) }
      }
    }
  }

  /// The path with every symbolic link in it resolved. What it names must exist.
  package static func resolve(_ path: FilePath) throws(SystemError) -> FilePath {
    let found = unsafe path.withPlatformString { unsafe realpath($0, nil) }
    guard let found = unsafe found else { throw SystemError.last("realpath", path) }
    defer { unsafe free(found) }
    return unsafe FilePath(platformString: found)
  }

  package static var currentFolder: FilePath {
    guard let found = unsafe getcwd(nil, 0) else { return "/" }
    defer { unsafe free(found) }
    return unsafe FilePath(platformString: found)
  }

  /// Bytes that an unprivileged process may still write to the file system that holds `path`.
  package static func freeBytes(at path: FilePath) throws(SystemError) -> UInt64 {
    UInt64(try systemCall("statvfs", path) { unsafe path.withPlatformString { unsafe cplatform_free_bytes($0) } })
  }
}

extension FilePath {
  /// This path, from the root.
  package var absolute: FilePath { isAbsolute ? self : FileSystem.currentFolder.pushing(self).lexicallyNormalized() }
}
