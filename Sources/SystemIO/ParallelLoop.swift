import Dispatch
import Synchronization

/// Runs one worker per processor, at the priority of the caller; they pull items from a shared counter until none is left.
///
/// Each worker makes its own context (buffers, compression contexts) once and is given item after item. The first error
/// stops the pulling; it is thrown when all workers have ended.
///
/// - Parameters:
///   - items: How many items there are; they are started in order.
///   - workers: At most this many at once.
///   - work: Called once per worker with a closure that hands out the next item's index, or `nil` at the end.
package func parallelLoop<Failure: Error & Sendable>(
  items: Int, workers: Int = Platform.processorCount,
  _ work: @Sendable (_ next: () -> Int?) throws(Failure) -> Void
) throws(Failure) {
  let cursor = Atomic<Int>(0)
  let failure = Mutex<Failure?>(nil)
  @Sendable func pull() -> Int? {
    guard failure.withLock({ $0 == nil }) else { return nil }
    let index = cursor.add(1, ordering: .relaxed).oldValue
    return index < items ? index : nil
  }
  @Sendable func run() {
    do throws(Failure) { try work(pull) } catch { failure.withLock { $0 = $0 ?? error } }
  }
  let width = min(workers, items)
  if width <= 1 {
    if items > 0 { run() }
  } else {
    let priority = ThreadPriority.current
    let spread = ProcessorSpread()
    DispatchQueue.concurrentPerform(iterations: width) { _ in
      priority.adopt()
      spread.claim()
      run()
    }
  }
  if let error = failure.withLock({ $0 }) { throw error }
}

/// What `body` makes of each item, in their order; one worker per processor.
/// - Parameter make: A worker's context.
package func parallelMap<Item: Sendable, Context: ~Copyable, Value: Sendable>(
  _ items: [Item], with make: @Sendable () -> Context, _ body: @Sendable (Item, inout Context) -> Value
) -> [Value] {
  let values = Mutex<[Value?]>(Array(repeating: nil, count: items.count))
  parallelLoop(items: items.count) { (next: () -> Int?) throws(Never) in
    var context = make()
    while let i = next() {
      let value = body(items[i], &context)
      values.withLock { $0[i] = value }
    }
  }
  return values.withLock { $0.compactMap(\.self) }
}

/// The same where a worker needs nothing of its own.
package func parallelMap<Item: Sendable, Value: Sendable>(
  _ items: [Item], _ body: @Sendable (Item) -> Value
) -> [Value] {
  parallelMap(items, with: {}) { item, _ in body(item) }
}
