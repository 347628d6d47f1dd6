import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// SIGINT and SIGTERM: the first asks the running verb to end cleanly, the second ends the process at once. Everything that
/// is written survives either.
enum Interruption {
  private static let received = Atomic<CInt>(0)

  /// The signal that was caught, if any.
  static var caught: CInt? {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  /// Goes on after a verb that was asked to end has ended.
  static func forget() { received.store(0, ordering: .relaxed) }

  /// From now on the signals are only noted: whoever works asks whether there was one.
  static func watch() {
    // Before the first signal: a handler may do next to nothing.
    _ = received.load(ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if Interruption.received.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
      }
    }
  }
}
