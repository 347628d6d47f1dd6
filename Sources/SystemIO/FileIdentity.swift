package import SystemPackage

/// Which file it is, whatever its path: hard links share it.
package struct FileIdentity: Hashable, Sendable {
  package var device: UInt64
  package var inode: UInt64

  package init(device: UInt64, inode: UInt64) {
    self.device = device
    self.inode = inode
  }

  package init(_ status: FileStatus) {
    self.init(device: status.device, inode: status.inode)
  }

  /// What a path leads to, and the folders above it, as far as they are there. Of any two paths to one folder these are the
  /// same.
  package static func upwards(from path: FilePath) -> [FileIdentity] {
    sequence(first: path) { $0.components.isEmpty ? nil : $0.removingLastComponent() }
      .compactMap { try? FileStatus(at: $0) }.map { FileIdentity($0) }
  }
}

/// What tells that a file was written to or replaced: equal stamps, equal content, provided that the file was quiet
/// when the first was taken.
package struct FileStamp: Hashable, Sendable {
  package var identity: FileIdentity
  /// Bytes.
  package var size: UInt64
  package var modified: Timestamp
  package var changed: Timestamp

  package init(_ status: FileStatus) {
    identity = FileIdentity(status)
    size = status.size
    modified = status.modified
    changed = status.changed
  }

  /// The later of the two times.
  package var newest: Timestamp { max(modified, changed) }
}
