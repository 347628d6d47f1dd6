import SystemIO

/// Files that a capture holds open for as long as it lasts. They are read through the descriptor that is held and never
/// opened again: closing any other descriptor of a file that SQLite has locked in this process would drop its lock.
final class HeldFiles: Sendable {
  private let files: [FileKey: FileHandle]

  init(_ files: [FileKey: FileHandle] = [:]) { self.files = files }

  subscript(_ status: FileStatus) -> FileHandle? { files.isEmpty ? nil : files[FileKey(status)] }
}
