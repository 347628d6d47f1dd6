import ChromaSnap
import Dispatch
import Synchronization

/// Shows what a verb is doing while it runs: on a terminal a line that is rewritten, with `--json --verbose` a line of JSON
/// now and then, otherwise nothing.
final class ProgressDisplay: Sendable {
  private enum Style { case none, line, json }

  private let style: Style
  private let queue = DispatchQueue(label: "progress")
  private let activity: Activity
  private let hasDrawn = Mutex(false)
  private let isRunning = Mutex(true)

  init(_ activity: Activity, options: GlobalOptions) {
    self.activity = activity
    if options.json {
      style = options.isVerbose ? .json : .none
    } else {
      style = !options.quiet && Terminal.isErrorTerminal ? .line : .none
    }
    guard style != .none else { return }
    schedule()
  }

  private func schedule() {
    queue.asyncAfter(deadline: .now() + (style == .line ? 0.2 : 1)) { [self] in
      guard isRunning.withLock({ $0 }) else { return }
      draw()
      schedule()
    }
  }

  private func draw() {
    let figures = activity.figures
    switch style {
    case .none: break
    case .json: Terminal.print(Self.status(figures).text)
    case .line:
      guard figures.bytesTotal > 0 || figures.filesTotal > 0 else { return }
      hasDrawn.withLock { $0 = true }
      let rate = figures.secondsElapsed > 0 ? Double(figures.bytesDone) / figures.secondsElapsed : 0
      var line =
        "\(Wording.percent(figures.fractionDone))  \(Wording.bytes(figures.bytesDone)) of "
        + "\(Wording.bytes(figures.bytesTotal))  \(figures.filesDone)/\(figures.filesTotal) files"
      if rate > 0 {
        let left = Double(figures.bytesTotal - min(figures.bytesTotal, figures.bytesDone)) / rate
        line += "  \(Wording.bytes(UInt64(rate)))/s  ETA \(Wording.duration(left))"
      }
      Terminal.printErrorInPlace("\r\u{1B}[2K\(line.prefix(max(20, Terminal.errorWidth - 1)))")
    }
  }

  /// Takes the line away again.
  func finish() {
    isRunning.withLock { $0 = false }
    queue.sync {}
    if hasDrawn.withLock({ $0 }) { Terminal.printErrorInPlace("\r\u{1B}[2K") }
  }

  private static func status(_ figures: Activity.Figures) -> JSON {
    .object([
      ("message_type", .string("status")), ("percent_done", .number(figures.fractionDone)),
      ("files_done", .integer(figures.filesDone)), ("total_files", .integer(figures.filesTotal)),
      ("bytes_done", .integer(figures.bytesDone)), ("total_bytes", .integer(figures.bytesTotal)),
      ("seconds_elapsed", .number(figures.secondsElapsed)),
    ])
  }
}
