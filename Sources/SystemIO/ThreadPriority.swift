#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How far a thread stands back for others: its nice value.
///
/// On Linux libdispatch gives its threads nice values of its own choice, so that a program which was started with `nice`
/// would do its work at full priority. What runs on such a thread takes over the priority of the thread that asked for it.
package struct ThreadPriority: Hashable, Sendable {
  #if os(Linux)
    /// PRIO_PROCESS, which on Linux means a thread, and whose type is not the same in all C libraries.
    private static let thread: CInt = 0

    private let niceness: CInt

    package init(niceness: Int) { self.niceness = CInt(niceness) }

    /// That of the calling thread.
    package static var current: ThreadPriority { ThreadPriority(niceness: Int(getpriority(thread, 0))) }

    /// Gives it to the calling thread. Standing back further is always allowed; what is not leaves things as they are.
    package func adopt() {
      if self != .current { _ = setpriority(Self.thread, 0, niceness) }
    }
  #else
    package static var current: ThreadPriority { ThreadPriority() }

    package func adopt() {}
  #endif
}
