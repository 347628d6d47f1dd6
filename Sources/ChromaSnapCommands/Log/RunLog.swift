import ChromaSnap
import Logging
import SnapshotFormat
import SnapshotRepository

/// What a run says of itself, to whoever is there and to the log.
struct RunLog: Sendable {
  /// Said to the person who ran it, and kept.
  private let said: Logger
  /// Kept only: in the log file, or where standard error is a log itself.
  private let kept: Logger
  /// Whether errors are told on standard error: not where a script gets them as JSON on standard output.
  let isSaid: Bool

  init(_ settings: ReportingSettings) {
    var file: [any LogHandler] = []
    if let path = settings.logFile {
      file = [
        FileLogHandler(LogFile(path), format: settings.logFormat, level: settings.isVerbose ? .debug : .info)
      ]
    }
    let isJournal = StandardErrorLogHandler.isJournal
    // With a log file the format is that file's.
    let isJSON = settings.logFile == nil && settings.logFormat == .json
    let style: StandardErrorLogHandler.Style = isJSON ? .json : isJournal ? .journal : .person
    isSaid = !settings.printsJSON || style != .person
    let person = StandardErrorLogHandler(style, level: isSaid ? .warning : .critical)
    said = Logger(label: "chromasnap") { _ in MultiplexLogHandler([person] + file) }
    var rest = file
    if style != .person, file.isEmpty, !settings.isQuiet {
      rest.append(StandardErrorLogHandler(style, level: settings.isVerbose ? .debug : .info))
    } else if settings.isVerbose, isSaid {
      rest.append(StandardErrorLogHandler(style, level: .debug, highest: .notice))
    }
    if rest.isEmpty { rest.append(SwiftLogNoOpLogHandler()) }
    kept = Logger(label: "chromasnap") { [rest] _ in MultiplexLogHandler(rest) }
  }

  func warn(_ message: String, _ metadata: Logger.Metadata = [:]) {
    said.warning("\(message)", metadata: metadata)
  }

  func warn(_ warning: SnapshotWarning) { warn(warning.text, ["code": .string(warning.code.rawValue)]) }

  func fail(_ error: SnapshotError) {
    var metadata: Logger.Metadata = ["code": .string(error.code.rawValue)]
    if let pack = error.pack { metadata["pack"] = .string(pack.description) }
    if let chunk = error.chunk { metadata["chunk"] = .string(chunk.description) }
    if let hint = error.hint { metadata["hint"] = .string(hint) }
    said.error("\(error.message)", metadata: metadata)
  }

  func keep(_ level: Logger.Level, _ message: @autoclosure () -> String, _ metadata: @autoclosure () -> Logger.Metadata)
  {
    kept.log(level: level, "\(message())", metadata: metadata())
  }
}
