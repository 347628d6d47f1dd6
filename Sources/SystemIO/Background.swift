import Dispatch
import Synchronization

/// What is found out on a thread of its own, at the priority of who asked, while the caller goes on.
package final class Background<Value: Sendable>: Sendable {
  private let done = DispatchGroup()
  private let spread = ProcessorSpread()
  private let found = Mutex<Value?>(nil)

  package init(_ work: @escaping @Sendable () -> Value) {
    let priority = ThreadPriority.current
    DispatchQueue.global().async(group: done) { [self] in
      priority.adopt()
      spread.claim()
      let value = work()
      found.withLock { $0 = value }
    }
    spread.claim()
  }

  /// Waits until it is found out.
  package func wait() -> Value {
    done.wait()
    guard let value = found.withLock({ $0 }) else { preconditionFailure("work that has ended leaves a value") }
    return value
  }
}
