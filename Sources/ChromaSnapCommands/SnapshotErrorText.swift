import SnapshotRepository

/// Errors of the command line itself.
enum SnapshotErrorText {
  static func usage(_ message: String) -> SnapshotError {
    SnapshotError(.usage, message, hint: "`chromasnap help` shows the commands and their options.")
  }
}
