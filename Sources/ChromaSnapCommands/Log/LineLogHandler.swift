import Logging
import Synchronization
import SystemIO
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Adds lines to a log file. A file that can't be written is said once, and ends nothing.
struct FileLogHandler: LogHandler {
  /// What the copies of a handler share.
  private final class Destination: Sendable {
    let file: LogFile
    let format: LogFormat
    let hasFailed = Atomic<Bool>(false)

    init(_ file: LogFile, _ format: LogFormat) {
      self.file = file
      self.format = format
    }
  }

  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  private let destination: Destination

  init(_ file: LogFile, format: LogFormat, level: Logger.Level) {
    destination = Destination(file, format)
    logLevel = level
  }

  subscript(metadataKey key: String) -> Logger.MetadataValue? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let line = LogLine(event, metadata)
    do throws(SystemError) {
      try destination.file.append(
        destination.format == .json ? line.json(process: getpid()) : line.text(process: getpid()))
    } catch {
      guard !destination.hasFailed.exchange(true, ordering: .relaxed) else { return }
      Terminal.printError("warning: the log \(destination.file.path) can't be written: \(error)")
    }
  }
}

/// Says lines on standard error, in the style of whoever reads it.
struct StandardErrorLogHandler: LogHandler {
  enum Style: Sendable {
    /// A person: `warning: ...`, and the hint below.
    case person
    /// A service manager's journal, which adds who and when.
    case journal
    case json
  }

  var logLevel: Logger.Level
  /// What is more severe is said by somebody else.
  var highest = Logger.Level.critical
  var metadata: Logger.Metadata = [:]
  private let style: Style

  init(_ style: Style, level: Logger.Level, highest: Logger.Level = .critical) {
    self.style = style
    logLevel = level
    self.highest = highest
  }

  subscript(metadataKey key: String) -> Logger.MetadataValue? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    guard event.level <= highest else { return }
    let line = LogLine(event, metadata)
    switch style {
    case .journal: Terminal.printError(line.journal)
    case .json: Terminal.printError(line.json(process: getpid()))
    case .person where event.level < .warning: Terminal.printError("\(event.level): \(line.plain)")
    case .person:
      let lines = Failure.lines(
        "\(event.level): \(line.message)", pack: line.metadata["pack"]?.description,
        chunk: line.metadata["chunk"]?.description, hint: line.metadata["hint"]?.description)
      for line in lines { Terminal.printError(line) }
    }
  }

  /// Whether standard error goes to the journal: systemd.exec(5), `$JOURNAL_STREAM`.
  static var isJournal: Bool {
    guard let stream = Environment.value("JOURNAL_STREAM") else { return false }
    let parts = stream.split(separator: ":")
    var status = Platform.Stat()
    guard parts.count == 2, unsafe fstat(STDERR_FILENO, &status) == 0 else { return false }
    return String(parts[0]) == "\(status.st_dev)" && String(parts[1]) == "\(status.st_ino)"
  }
}

extension LogLine {
  fileprivate init(_ event: LogEvent, _ metadata: Logger.Metadata) {
    self.init(
      time: .now, level: event.level, message: event.message.description,
      metadata: metadata.merging(event.metadata ?? [:]) { $1 })
  }
}
