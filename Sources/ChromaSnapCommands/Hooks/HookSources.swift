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

  /// Seconds that the command may take.
  private static let timeout = 10.0
  private static let sizeLimit = 1 << 16

  /// - Throws: `usage` for one that makes no sense. What can't be read is only a warning: a backup must go on.
  func hooks(_ log: RunLog) throws(SnapshotError) -> [Hook] {
    if texts == ["none"] { return [] }
    var lines: [String] = []
    for text in texts { if let line = expanded(text, log) { lines.append(line) } }
    if let file, let text = read(file, log) { lines += Self.lines(text) }
    if let command, let text = output(of: command, log) { lines += Self.lines(text) }
    var hooks: [Hook] = []
    for line in lines { hooks.append(try Hook(line)) }
    return hooks
  }

  private static func lines(_ text: String) -> [String] {
    text.split(whereSeparator: \.isNewline).map(String.init).filter { !$0.hasPrefix("#") && $0.contains { $0 != " " } }
  }

  /// The text itself, or with what its file says in the place of the file's name.
  private func expanded(_ text: String, _ log: RunLog) -> String? {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, parts[0].isEmpty || (parts[0].hasSuffix("=") && !parts[0].dropLast().contains("=")) else {
      return text
    }
    guard let content = read(FilePath(argument: parts[1]), log) else { return nil }
    return parts[0] + (Self.lines(content).first ?? "")
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
      [Array("/bin/sh".utf8), Array("-c".utf8), Arguments.bytes(of: command)], environment: Platform.environment,
      timeout: Self.timeout)
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
