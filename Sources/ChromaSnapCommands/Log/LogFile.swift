package import SystemIO
package import SystemPackage

/// A file that lines are added to, by several processes at once: a line is written by one call, so none is torn. What has
/// grown past its limit makes way: `log` becomes `log.1`, that `log.2`, and so on.
package struct LogFile: Sendable {
  package var path: FilePath
  /// From this many bytes on it makes way for a new one.
  package var limit: UInt64 = 10 << 20
  /// So many old ones are kept.
  package var kept = 5

  /// - Parameter path: From the root. Made where it is missing, with the folders above, and private.
  package init(_ path: FilePath) { self.path = path }

  package func append(_ line: String) throws(SystemError) {
    let bytes = Array(line.utf8) + [0x0A]
    do throws(SystemError) { try write(bytes) } catch {
      guard error.errno == .noSuchFileOrDirectory else { throw error }
      try FileSystem.makeFolders(path.removingLastComponent())
      try write(bytes)
    }
  }

  private func write(_ bytes: [UInt8]) throws(SystemError) {
    let file = try open()
    let status = try file.status()
    guard status.kind == .file, status.size > 0, status.size + UInt64(bytes.count) > limit else {
      return try file.write(bytes)
    }
    do throws(SystemError) {
      // Held by whoever renames; the others add to what they have open, wherever it goes meanwhile.
      if let lock = try FileLock.attempt(folder: path.removingLastComponent()) {
        try rotate(ifStill: status)
        _ = consume lock
      }
    } catch {
      // Whoever may not rename adds on.
      return try file.write(bytes)
    }
    try open(permissions: status.permissions & 0o666).write(bytes)
  }

  /// Never waits: of a pipe that nobody reads it is an error.
  private func open(permissions: UInt32 = 0o600) throws(SystemError) -> Descriptor {
    try Descriptor(opening: path, .write, [.create, .append, .nonBlocking], permissions: permissions)
  }

  private func rotate(ifStill status: FileStatus) throws(SystemError) {
    // Behind a symbolic link the file itself makes way, not the link.
    let target = try FileSystem.resolve(path)
    let found = try FileStatus(at: target)
    // Another process was faster.
    guard FileIdentity(found) == FileIdentity(status) else { return }
    func old(_ number: Int) -> FilePath { target.appending(suffix: ".\(number)") }
    for number in stride(from: kept - 1, through: 1, by: -1) where FileStatus.exists(old(number)) {
      try FileSystem.rename(old(number), to: old(number + 1))
    }
    try FileSystem.rename(target, to: old(1))
  }
}
