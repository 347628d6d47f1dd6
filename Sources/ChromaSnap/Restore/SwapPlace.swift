import SnapshotFormat
import SnapshotRepository
package import SystemIO
package import SystemPackage

/// Where the things lie that a restore needs around its target: what it stages, what it keeps for undo, its journal.
package struct SwapPlace: Sendable {
  package enum Way: String, Codable, Sendable {
    /// The folders change places by rename.
    case folder
    /// Their entries do: a mount point can't be renamed, nor a folder in one that may not be written to.
    case entries
  }

  /// The target, its symbolic links resolved as far as it exists.
  package let target: FilePath
  package let way: Way
  /// The folder that holds the rest: the one above the target, or the target itself.
  package let workshop: FilePath
  /// Part of the names, so that targets beside each other keep apart.
  private let suffix: String

  package var journal: FilePath { workshop.appending(".chromasnap-journal\(suffix)") }
  /// What was there before the last restore.
  package var kept: FilePath { workshop.appending(".chromasnap-undo\(suffix)") }
  private var stagingPrefix: String { ".chromasnap-restore\(suffix)-" }
  package func newStaging() -> FilePath { workshop.appending(stagingPrefix + hexadecimal(randomBytes(8))) }

  /// The places of a target that may or may not be there.
  package init(target given: FilePath, way wanted: Way? = nil) throws(SystemError) {
    let absolute = given.isAbsolute ? given : FileSystem.currentFolder.pushing(given)
    target = try Self.resolve(absolute.lexicallyNormalized())
    let above = target.removingLastComponent()
    if let wanted { way = wanted } else { way = try Self.way(for: target, in: above) }
    workshop = way == .folder ? above : target
    let name = target.bytes.split(separator: UInt8(ascii: "/")).last ?? []
    // A name of any bytes, in one that is short and plain.
    suffix = way == .folder ? "-" + ChunkID(of: Array(name)).short : ""
  }

  /// The path without symbolic links, of which the last components need not exist.
  private static func resolve(_ path: FilePath) throws(SystemError) -> FilePath {
    if FileStatus.exists(path) { return try FileSystem.resolve(path) }
    let above = path.removingLastComponent()
    guard above != path, let name = path.lastComponent else { return path }
    return try resolve(above).appending(name)
  }

  private static func way(for target: FilePath, in above: FilePath) throws(SystemError) -> Way {
    guard FileStatus.exists(target) else { return .folder }
    if try FileStatus(at: above).device != FileStatus(at: target).device { return .entries }
    // A bind mount of the same file system shows in no device number, only in a rename that is refused.
    let probe = above.appending(".chromasnap-probe-\(hexadecimal(randomBytes(8)))")
    do throws(SystemError) {
      try FileSystem.makeFolder(probe)
      defer { try? FileSystem.removeEmptyFolder(probe) }
      try FileSystem.exchange(probe, target)
      try FileSystem.exchange(probe, target)
      return .folder
    } catch {
      switch error.errno {
      case .resourceBusy, .permissionDenied, .notPermitted, .readOnlyFileSystem: return .entries
      default: return .folder
      }
    }
  }

  /// Removes what restores that were killed have staged. One that still runs holds a lock on its own.
  func removeAbandonedStaging() {
    for name in (try? DirectoryReader.names(in: workshop)) ?? [] {
      let path = workshop.appending(nameBytes: name)
      guard name.starts(with: Array(stagingPrefix.utf8)) else { continue }
      do throws(SystemError) {
        if let lock = try FileLock.attempt(folder: path) {
          try FileSystem.removeTree(path)
          _ = lock
        }
      } catch { continue }
    }
  }
}
