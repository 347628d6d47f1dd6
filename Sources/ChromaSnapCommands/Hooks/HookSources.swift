import Logging
import SnapshotRepository
import SystemIO
import SystemPackage

/// Where hooks come from: what was given, a file, what a command prints. What was given may stand in a file too: `@FILE`, or
/// `WHEN=@FILE`. So a secret URL need stand in no command line, and in no environment.
struct HookSources: Sendable {
  var texts: [String] = []
  /// One on each line.
  var file: FilePath?
  /// A command line that prints one on each line.
  var command: String?

  /// What is given to say that nobody is told.
  static let none = "none"

  /// Seconds that the command may take.
  private static let timeout = 10.0
  private static let sizeLimit = 1 << 16

  private struct Line {
    var number = 1
    var text = ""
  }

  /// - Throws: `usage` for one that was given and makes no sense. What a file or a command says is only a warning, as is what
  ///   can't be read: a backup must go on.
  func hooks(_ log: RunLog) throws(SnapshotError) -> [Hook] {
    if texts == [Self.none] { return [] }
    var hooks: [Hook] = []
    for text in texts {
      guard let (when, name) = Self.reference(text) else {
        hooks.append(try Hook(text))
        continue
      }
      // The file says whom; when was given.
      if !when.isEmpty { _ = try Hook(text) }
      let path = FilePath(argument: name)
      guard let content = read(path, log) else { continue }
      var line = Self.lines(content).first ?? Line()
      line.text = when + line.text
      hooks += Self.hooks([line], of: "\(path)", log)
    }
    if let file, let text = read(file, log) { hooks += Self.hooks(Self.lines(text), of: "\(file)", log) }
    if let command, let text = output(of: command, log) {
      hooks += Self.hooks(Self.lines(text), of: "what notify-command prints", log)
    }
    return hooks
  }

  private static func hooks(_ lines: [Line], of origin: String, _ log: RunLog) -> [Hook] {
    lines.compactMap { line in
      if let hook = try? Hook(line.text) { return hook }
      // Whatever it is, it may be secret.
      log.warn(
        "nobody is notified by line \(line.number) of \(origin): it is no hook", ["hint": .string(Hook.examples)])
      return nil
    }
  }

  /// Those that say something, without blanks, a byte order mark or a comment around them.
  private static func lines(_ text: String) -> [Line] {
    text.trimmingPrefix("\u{FEFF}").split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
      .map { number, line in
        var text = line.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return Line(number: number + 1, text: String(text))
      }
      .filter { !$0.text.isEmpty && !$0.text.hasPrefix("#") }
  }

  /// What was given, with the file that it names, if it does, looked for from a folder: whoever reads it later may be
  /// elsewhere.
  static func located(_ text: String, in folder: FilePath) -> String {
    guard let (when, path) = reference(text) else { return text }
    return "\(when)@\(Arguments.text(of: FilePath(written: path, in: folder).bytes))"
  }

  /// The two parts of `WHEN=@FILE`; of `@FILE` the first is empty; `nil` where it is something else.
  private static func reference(_ text: String) -> (when: String, path: String)? {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, parts[0].isEmpty || (parts[0].hasSuffix("=") && !parts[0].dropLast().contains("=")) else {
      return nil
    }
    return (parts[0], parts[1])
  }

  private func read(_ path: FilePath, _ log: RunLog) -> String? {
    do throws(SystemError) {
      return String(
        decoding: try Descriptor(opening: path, .read, [.nonBlocking]).readAll(limit: Self.sizeLimit), as: UTF8.self)
    } catch {
      log.warn("nobody is notified by \(path): \(error)")
      return nil
    }
  }

  private func output(of command: String, _ log: RunLog) -> String? {
    let process = ChildProcess(
      [Array("/bin/sh".utf8), Array("-c".utf8), Arguments.bytes(of: command)],
      environment: Environment.with([Environment.noHooks]), timeout: Self.timeout)
    do throws(SystemError) {
      let output = try Descriptor.holding([])
      let ending = try process.run(
        input: Descriptor.holding([]), extra: Descriptor.holding([]), output: output, errors: Descriptor.standardError()
      )
      guard ending == .exited(0) else {
        log.warn("nobody is notified by notify-command: \(ending.failure ?? "")")
        return nil
      }
      return String(decoding: try output.readAll(limit: Self.sizeLimit), as: UTF8.self)
    } catch {
      log.warn("nobody is notified by notify-command: \(error)")
      return nil
    }
  }
}

extension ChildProcess.Ending {
  /// Why it is a failure; `nil` where it is none.
  var failure: String? {
    switch self {
    case .exited(0): nil
    case .exited(let code): "it ended with exit code \(code)"
    case .signalled(let number): "signal \(number) ended it"
    case .timedOut: "it took too long and was ended"
    }
  }
}
