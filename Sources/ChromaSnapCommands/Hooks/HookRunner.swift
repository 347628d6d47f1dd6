import Logging
import SystemIO
import SystemPackage

/// Runs hooks, one after the other. One that fails is a warning.
struct HookRunner {
  let log: RunLog

  /// Seconds. Who waits for a start is not to wait long.
  private static let timeout = 30.0
  private static let startTimeout = 10.0

  func run(_ hooks: [Hook], _ message: HookMessage) {
    for hook in hooks {
      let stopwatch = Stopwatch()
      let failure = run(hook, message)
      if let failure {
        log.warn("notifying \(hook.name) of \(message.event.rawValue) failed: \(failure)")
      } else {
        log.keep(
          .debug, "notified",
          [
            "hook": .string(hook.name), "event": .string(message.event.rawValue),
            "duration": .stringConvertible((stopwatch.seconds * 1e6).rounded() / 1e6),
          ])
      }
    }
  }

  /// - Returns: Why it failed; `nil` where it did not.
  private func run(_ hook: Hook, _ message: HookMessage) -> String? {
    do throws(SystemError) {
      switch hook.target {
      case .command(let line): return try run(line, message)
      case .webhook(let url):
        return try send(
          CurlRequest(url: url, contentType: "application/json"), body: message.json.text + "\n", message.event)
      case .ping(let url):
        return try send(
          CurlRequest(
            url: CurlRequest.pingURL(url, for: message.event), contentType: "text/plain; charset=utf-8"),
          // What such services keep of it is short.
          body: String(decoding: message.text.utf8.prefix(10_000), as: UTF8.self), message.event)
      }
    } catch { return "\(error)" }
  }

  private func run(_ line: String, _ message: HookMessage) throws(SystemError) -> String? {
    let process = ChildProcess(
      [Array("/bin/sh".utf8), Array("-c".utf8), Arguments.bytes(of: line)],
      environment: Environment.with(message.variables + [Environment.noHooks]),
      timeout: patience(message.event))
    return try process.run(
      input: Descriptor.holding(Array((message.json.text + "\n").utf8)), extra: Descriptor.holding([]),
      output: Descriptor.standardError(), errors: Descriptor.standardError()
    ).failure
  }

  private func send(_ request: CurlRequest, body: String, _ event: Hook.Event) throws(SystemError) -> String? {
    var request = request
    if event == .start { (request.tryTimeout, request.retries) = (5, 0) }
    let process = ChildProcess(
      CurlRequest.arguments.map { Array($0.utf8) }, environment: Platform.environment, timeout: patience(event))
    let output = try Descriptor.holding([])
    let ending: ChildProcess.Ending
    do throws(SystemError) {
      ending = try process.run(
        input: Descriptor.holding(Array(request.configuration.utf8)), extra: Descriptor.holding(Array(body.utf8)),
        output: Descriptor.holding([]), errors: output)
    } catch {
      guard error.errno == .noSuchFileOrDirectory else { throw error }
      return "the program curl is not there; install it (on Debian: apt-get install curl)"
    }
    guard let failure = ending.failure else { return nil }
    let said = (try? output.readAll(limit: 1 << 16)) ?? []
    let line = String(decoding: said.prefix { $0 != 0x0A }, as: UTF8.self)
    return line.isEmpty ? failure : line
  }

  private func patience(_ event: Hook.Event) -> Double { event == .start ? Self.startTimeout : Self.timeout }
}
