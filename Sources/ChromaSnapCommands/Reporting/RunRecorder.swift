import Synchronization

/// Collects what a command says of itself while it runs. A run within a run (of a menu, say) has one of its own.
final class RunRecorder: Sendable {
  @TaskLocal static var current: RunRecorder?
  /// Of a run within a run: what would have been typed.
  @TaskLocal static var arguments: [String]?

  let log: RunLog
  /// Whether the JSON of its summary is needed though nobody asked to see it.
  let wantsSummary: Bool
  private let collected = Mutex(RunFacts())

  init(log: RunLog, wantsSummary: Bool) {
    self.log = log
    self.wantsSummary = wantsSummary
  }

  func record(_ change: (inout RunFacts) -> Void) { collected.withLock { change(&$0) } }

  var facts: RunFacts { collected.withLock { $0 } }
}
