import SnapshotRepository

extension SnapshotError {
  /// A mistake in the command line itself.
  static func usage(_ message: String) -> SnapshotError {
    SnapshotError(.usage, message, hint: "`chromasnap help` shows the commands and their options.")
  }
}
