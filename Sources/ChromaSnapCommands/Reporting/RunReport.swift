import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

/// What a command found out while it ran.
struct RunFacts: Sendable {
  /// The snapshot that it was about.
  var snapshot: Snapshot?
  /// The directory that it was about.
  var source: String?
  /// Of a run that took a snapshot, or found that there was no need: what that came to.
  var taken: TakeSnapshot.Summary?
  var health: SnapshotHealth?
  var warnings: [SnapshotWarning] = []
  /// What it printed, or would print with `--json`.
  var summary: JSON?

  mutating func concern(_ snapshot: Snapshot) {
    self.snapshot = snapshot
    source = snapshot.manifest.source.path
  }

  /// A run of ``RestoreSnapshot``.
  mutating func restored(_ summary: RestoreSnapshot.Summary) {
    concern(summary.snapshot)
    if summary.health != .unchecked { health = summary.health }
  }

  /// A run of ``TakeSnapshot``.
  mutating func take(_ summary: TakeSnapshot.Summary) {
    taken = summary
    snapshot = summary.snapshot ?? summary.parent
    source = summary.source.string
    if summary.health != .unchecked { health = summary.health }
  }
}

/// What a run of a command did, once it is over: the log, the audit trail, hooks and metrics all read this.
struct RunReport: Sendable {
  /// How it ended, in the word that hooks know.
  enum Outcome: String, Sendable { case success, warning, failure }

  var command: String
  var arguments: [String]
  var began: Timestamp
  /// Seconds.
  var duration: Double
  var exitCode: Int32
  var error: SnapshotError?
  var facts: RunFacts

  var outcome: Outcome {
    switch exitCode {
    case ExitStatus.success: .success
    case ExitStatus.incomplete: .warning
    default: .failure
    }
  }

  /// One sentence about it.
  var text: String {
    var parts: [String] = []
    if let error {
      parts.append("\(command) failed: \(error.message)")
    } else {
      parts.append("\(command) \(outcome == .success ? "ok" : outcome == .warning ? "ended with a warning" : "failed")")
    }
    if let taken = facts.taken, taken.snapshot == nil { parts.append("nothing had changed") }
    if let snapshot = facts.snapshot { parts.append("\(snapshot.id.short) \(snapshot.manifest.name)") }
    if let taken = facts.taken, taken.snapshot != nil { parts.append("\(Wording.bytes(taken.bytesStored)) stored") }
    parts.append(Wording.duration(duration))
    return parts.joined(separator: ", ")
  }
}
