package import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What stat(2) tells of a file.
package struct FileStatus: Hashable, Sendable {
  package enum Kind: UInt8, Sendable {
    case file, directory, symbolicLink
    /// A socket, a FIFO or a device: nothing that a snapshot holds.
    case other
  }

  package var kind: Kind
  /// Permission bits, with set-user-id, set-group-id and sticky: `mode & 0o7777`.
  package var permissions: UInt32
  package var owner: UInt32
  package var group: UInt32
  package var device: UInt64
  package var inode: UInt64
  package var linkCount: UInt64
  /// Bytes.
  package var size: UInt64
  /// Bytes of disk it takes: less than `size` for a sparse file.
  package var allocatedSize: UInt64
  package var modified: Timestamp
  package var changed: Timestamp

  package init(_ status: Platform.Stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      case S_IFLNK: .symbolicLink
      default: .other
      }
    permissions = UInt32(status.st_mode & 0o7777)
    owner = status.st_uid
    group = status.st_gid
    device = UInt64(truncatingIfNeeded: status.st_dev)
    inode = UInt64(status.st_ino)
    linkCount = UInt64(status.st_nlink)
    size = UInt64(status.st_size)
    allocatedSize = UInt64(status.st_blocks) * 512
    modified = Platform.modificationTime(status)
    changed = Platform.changeTime(status)
  }

  /// The status of what is at `path`.
  /// - Parameter following: Whether a symbolic link at the end is followed.
  package init(at path: FilePath, following: Bool = true) throws(SystemError) {
    var status = Platform.Stat()
    try systemCall(following ? "stat" : "lstat", path) {
      unsafe path.withPlatformString { unsafe following ? stat($0, &status) : lstat($0, &status) }
    }
    self.init(status)
  }

  /// Whether there is something at `path`, a dangling symbolic link included.
  package static func exists(_ path: FilePath) -> Bool {
    (try? FileStatus(at: path, following: false)) != nil
  }
}
