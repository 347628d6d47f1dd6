import ArgumentParser
import ChromaSnap
import SnapshotRepository

/// What every command is: options that all take, and a run that gives an exit code.
protocol SnapCommand: ParsableCommand {
  var global: GlobalOptions { get set }
  /// Whether it asks for any setting: otherwise a mistake in the configuration does not stop it.
  static var usesSettings: Bool { get }
  func execute() throws(SnapshotError) -> Int32
}

extension SnapCommand {
  static var usesSettings: Bool { true }

  mutating func run() throws {
    let code: Int32
    do throws(SnapshotError) {
      if Self.usesSettings { try global.loadSettings() }
      code = try execute()
    } catch {
      Failure.report(error, json: global.json)
      throw ExitCode(ExitStatus.code(for: error))
    }
    if let failure = Terminal.failure {
      Terminal.printError("error: the output could not be written: \(failure)")
      throw ExitCode(ExitStatus.failure)
    }
    if code != 0 { throw ExitCode(code) }
  }

  /// Runs a verb with its progress shown, and with signals that end it cleanly.
  func watching<Result: Sendable>(
    _ body: (Activity) throws(SnapshotError) -> Result
  ) throws(SnapshotError) -> Result {
    Interruption.watch()
    let activity = Activity(isInterrupted: { Interruption.caught != nil })
    let display = ProgressDisplay(activity, options: global)
    defer { display.finish() }
    return try body(activity)
  }

  /// Prints JSON where it is asked for, else lines of text, which `--quiet` leaves out.
  func render(_ json: @autoclosure () -> JSON, text: () -> [String]) {
    if global.json {
      Terminal.print(json().text)
    } else if !global.quiet {
      for line in text() { Terminal.print(line) }
    }
  }

  /// Says what went not quite as it should, to whoever reads the diagnostics.
  func report(_ warnings: [SnapshotWarning]) {
    guard !global.json else { return }
    let shown = global.isVerbose ? warnings.count : 20
    for warning in warnings.prefix(shown) { Terminal.printError("warning: \(warning.text)") }
    if warnings.count > shown {
      Terminal.printError("warning: \(warnings.count - shown) more; --verbose shows them all")
    }
  }
}

/// How an error is told.
enum Failure {
  static func report(_ error: SnapshotError, json: Bool) {
    if json {
      Terminal.print(
        JSON.object([
          ("message_type", .string("error")), ("code", .string(error.code.rawValue)),
          ("message", .string(error.message)), ("hint", .optional(error.hint)),
          ("exit_code", .integer(ExitStatus.code(for: error))),
        ]).text)
      return
    }
    Terminal.printError("error: \(error.message)")
    if let pack = error.pack { Terminal.printError("  pack \(pack)") }
    if let chunk = error.chunk { Terminal.printError("  chunk \(chunk)") }
    if let hint = error.hint { Terminal.printError(hint) }
  }
}

extension SnapshotWarning {
  var text: String { path.map { "\(String(decoding: $0, as: UTF8.self)): \(message)" } ?? message }

  var json: JSON {
    .object(
      [("code", .string(code.rawValue)), ("message", .string(message))]
        + (path.map { JSON.path($0) } ?? [("path", .null)]))
  }
}
