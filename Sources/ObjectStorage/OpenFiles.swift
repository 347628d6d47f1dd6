import Synchronization
import SystemIO

/// Files that were read lately, still open: each link of a long chain of patches lies in a pack of its own, and costs one
/// read then, not an open and a close as well.
///
/// What bears a name never changes while it is there, so a file that was opened stays right. Any thread may ask.
final class OpenFiles: Sendable {
  private let files = Mutex<[String: SharedDescriptor]>([:])

  /// Past this many all are closed: far below what a process may have open.
  private static let maximum = min(128, Platform.openFilesMaximum / 4)

  /// The file of that name: `open` is called where it is not open yet.
  func file(_ name: String, _ open: () throws(SystemError) -> Descriptor) throws(SystemError) -> SharedDescriptor {
    if let known = files.withLock({ $0[name] }) { return known }
    let file = SharedDescriptor(try open())
    files.withLock { files in
      if files.count >= Self.maximum { files.removeAll(keepingCapacity: true) }
      files[name] = file
    }
    return file
  }

  /// The name means something else from now on, or nothing.
  func forget(_ name: String) { files.withLock { $0[name] = nil } }
}
