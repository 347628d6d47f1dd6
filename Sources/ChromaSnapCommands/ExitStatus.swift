import ChromaSnap
import SnapshotRepository

/// The exit codes that scripts rely on, in one place.
enum ExitStatus {
  static let success: Int32 = 0
  /// An error, or a check, drill or health examination that failed.
  static let failure: Int32 = 1
  /// Saved, but incomplete, or the source is damaged.
  static let incomplete: Int32 = 3
  static let noRepository: Int32 = 10
  static let locked: Int32 = 11
  static let usage: Int32 = 64

  static func code(for error: SnapshotError) -> Int32 {
    switch error.code {
    case .noRepository: noRepository
    case .locked: locked
    case .usage: usage
    // Without a signal somebody said no.
    case .cancelled: Interruption.caught.map { 128 + $0 } ?? failure
    default: failure
    }
  }
}
