import SystemIO

/// Whether a file is as it was.
func sameFile(_ a: FileStatus, _ b: FileStatus) -> Bool {
  a.inode == b.inode && a.device == b.device && a.size == b.size && a.modified == b.modified && a.changed == b.changed
}
