import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

/// What every command is: options that all take, and a run that gives an exit code.
protocol SnapCommand: ParsableCommand {
  var global: GlobalOptions { get set }
  /// Whether it asks for any setting: otherwise a mistake in the configuration does not stop it.
  static var usesSettings: Bool { get }
  /// What it is called in the log, the audit trail and to hooks.
  static var title: String { get }
  /// Whether it changes something, or hands out what a repository holds: then the run goes into the audit trail and the
  /// metrics, and hooks are told.
  var isAudited: Bool { get }
  /// The exit code where all went well, but the output could not be written.
  static var unwrittenStatus: Int32 { get }
  func execute() throws(SnapshotError) -> Int32
  /// Says what kept the run from beginning, such as a mistake in the configuration, and gives the exit code for it.
  func refuse(_ error: SnapshotError) -> Int32
}

extension SnapCommand {
  static var usesSettings: Bool { true }
  static var title: String { configuration.commandName ?? Program.name }
  var isAudited: Bool { true }
  static var unwrittenStatus: Int32 { ExitStatus.failure }

  func refuse(_ error: SnapshotError) -> Int32 {
    Failure.report(error, json: global.json)
    return ExitStatus.code(for: error)
  }

  mutating func run() throws {
    let reporter: Reporter
    do throws(SnapshotError) {
      if Self.usesSettings { try global.loadSettings() }
      reporter = try Reporter(
        Self.title, arguments: RunRecorder.arguments ?? Arguments.all, isAudited: isAudited, options: global)
    } catch {
      let code = refuse(error)
      if Self.usesSettings, global.loadedSettings == nil {
        let reporter = try? Reporter(Self.title, arguments: Arguments.all, isAudited: isAudited, options: global)
        reporter?.end(RunFacts(), exitCode: code, error: error)
      }
      throw ExitCode(code)
    }
    reporter.begin()
    let recorder = RunRecorder(log: reporter.log, wantsSummary: reporter.wantsSummary)
    var (code, failure) = RunRecorder.$current.withValue(recorder) { outcome }
    if let failure {
      reporter.log.fail(failure)
      if global.json { Terminal.print(Failure.json(failure).text) }
    }
    if let error = Terminal.outputError, failure == nil {
      (code, failure) = (code == ExitStatus.success ? Self.unwrittenStatus : code, error)
      reporter.log.fail(error)
    }
    // What standard output can't tell is told where errors go, unless the log has told it there.
    if let failure, Terminal.outputError != nil, !reporter.log.isSaid { Failure.report(failure, json: false) }
    reporter.end(recorder.facts, exitCode: code, error: failure)
    if code != 0 { throw ExitCode(code) }
  }

  private var outcome: (Int32, SnapshotError?) {
    do throws(SnapshotError) { return (try execute(), nil) } catch { return (ExitStatus.code(for: error), error) }
  }

  /// Says for the report of the run what it found out.
  func record(_ change: (inout RunFacts) -> Void) { RunRecorder.current?.record(change) }

  /// Runs a verb on the repository.
  func watching<Result: Sendable>(
    _ verb: (RepositoryLocation, Activity) throws(SnapshotError) -> Result
  ) throws(SnapshotError) -> Result {
    let location = global.location
    return try watching { (activity) throws(SnapshotError) in try verb(location, activity) }
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

  /// Prints JSON where it is asked for, else lines of text. `--quiet` leaves these out, but for what an examination found
  /// wrong, which goes where errors go.
  func render(_ json: @autoclosure () -> JSON, isBad: Bool = false, text: () -> [String]) {
    if global.json || RunRecorder.current?.wantsSummary == true {
      let value = json()
      record { $0.summary = value }
      if global.json { return Terminal.print(value.text) }
    }
    if !global.quiet {
      Terminal.print(text())
    } else if isBad {
      for line in text() { Terminal.printError(line) }
    }
  }

  /// Says that something failed with a file, and did not end the run.
  @discardableResult
  func report(_ error: SnapshotError, about path: FilePath) -> SnapshotWarning {
    let warning = SnapshotWarning(.init(rawValue: error.code.rawValue), error.message, path: path.bytes)
    record { $0.warnings.append(warning) }
    var error = error
    if !error.message.contains(path.string) { error.message = warning.text }
    RunRecorder.current?.log.fail(error)
    return warning
  }

  /// Says what went not quite as it should, to whoever reads the diagnostics.
  func report(_ warnings: [SnapshotWarning]) {
    record { $0.warnings += warnings }
    guard let log = RunRecorder.current?.log else { return }
    let shown = global.isVerbose ? warnings.count : 20
    for warning in warnings.prefix(shown) { log.warn(warning) }
    if warnings.count > shown { log.warn("\(warnings.count - shown) more; --verbose shows them all") }
  }
}

extension SnapshotError {
  /// The documented fields of an error.
  var fields: [(String, JSON)] {
    [("code", .string(code.rawValue)), ("message", .string(message)), ("hint", .optional(hint))]
  }
}

/// How an error is told.
enum Failure {
  static func json(_ error: SnapshotError) -> JSON {
    .object(
      [("message_type", .string("error"))] + error.fields + [
        ("exit_code", .integer(ExitStatus.code(for: error))),
        ("pack", .optional(error.pack?.description)), ("chunk", .optional(error.chunk?.description)),
      ])
  }

  /// For a person: what, where, and what helps.
  static func lines(_ message: String, pack: String?, chunk: String?, hint: String?) -> [String] {
    [message, pack.map { "  pack \($0)" }, chunk.map { "  chunk \($0)" }, hint].compactMap { $0 }
  }

  /// - Parameter json: Whether as JSON on standard output; what that can't tell is told where errors go.
  static func report(_ error: SnapshotError, json: Bool) {
    if json {
      Terminal.print(Self.json(error).text)
      if Terminal.outputError == nil { return }
    }
    let lines = Self.lines(
      "error: \(error.message)", pack: error.pack?.description, chunk: error.chunk?.description, hint: error.hint)
    for line in lines { Terminal.printError(line) }
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
