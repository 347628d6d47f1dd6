import CPlatform
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Puts threads that work side by side on a processor each.
///
/// The kernel of a virtual machine may keep new threads on the processor of the one that made them for some time (15 ms
/// where this was measured), so that the other processors can sleep: what takes no longer would never run in parallel.
package struct ProcessorSpread: ~Copyable, Sendable {
  /// A bit for each processor that one of the threads began on.
  private let taken = Atomic<UInt64>(0)

  package init() {}

  /// Each of the threads calls this once, when it begins: it stays where it is unless another one began there too.
  package borrowing func claim() {
    guard let mine = Self.current else { return }
    let others = taken.bitwiseOr(mine, ordering: .relaxed).oldValue
    if others & mine != 0 {
      cplatform_leave_processors(others)
      if let mine = Self.current { _ = taken.bitwiseOr(mine, ordering: .relaxed) }
    }
    // Those that wait for this processor begin, and leave it.
    sched_yield()
  }

  /// The bit of the processor that the calling thread runs on.
  private static var current: UInt64? {
    let processor = cplatform_processor()
    return processor < 0 ? nil : 1 << UInt64(processor)
  }
}
