import ChromaSnap
import Dispatch
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
  private struct State {
    var activity: Activity?
    var signal: CInt?
    var sources: [any DispatchSourceSignal] = []
  }

  private static let state = Mutex(State())

  /// The signal that was caught, if any.
  static var caught: CInt? { state.withLock { $0.signal } }

  /// From now on the signals end this verb.
  static func watch(_ activity: Activity) {
    state.withLock { state in
      state.activity = activity
      guard state.sources.isEmpty else { return }
      for number in [SIGINT, SIGTERM] {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: DispatchQueue(label: "signals"))
        source.setEventHandler { receive(number) }
        source.resume()
        state.sources.append(source)
      }
    }
  }

  private static func receive(_ number: CInt) {
    let isSecond = state.withLock { state in
      defer { state.signal = number }
      state.activity?.cancel()
      return state.signal != nil
    }
    if isSecond { _exit(128 + number) }
  }
}
