/// What is known of how good a snapshot is: damaged is also one that is hurt.
public enum SnapshotHealth: String, Sendable {
  case good, damaged, unchecked

  /// From what the last examination found, if there was one.
  init(_ verdict: Bool?) { self = verdict.map { $0 ? .good : .damaged } ?? .unchecked }
}
