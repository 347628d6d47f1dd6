import ChromaSnap
import Logging
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

/// Tells the log, the audit trail, the metrics and the hooks about one run of a command.
///
/// None of them can make the run fail: what goes wrong here is a warning.
struct Reporter {
  private let command: String
  private let arguments: [String]
  /// Whether the run changes something, or hands data out: such runs are told to all, others to the log only.
  private let isAudited: Bool
  private let settings: ReportingSettings
  private let options: GlobalOptions
  private let hooks: [Hook]
  private let began = Timestamp.now
  private let stopwatch = Stopwatch()
  let log: RunLog

  /// - Throws: `usage` for a setting or a hook that makes no sense.
  init(
    _ command: String, arguments: [String], isAudited: Bool, options: GlobalOptions
  ) throws(SnapshotError) {
    self.command = command
    self.arguments = Secret.masked(arguments: arguments.map(Arguments.shown))
    self.isAudited = isAudited
    self.options = options
    settings = ReportingSettings(options)
    log = RunLog(settings)
    hooks = isAudited ? try settings.hooks.hooks(log) : []
  }

  var wantsSummary: Bool { !hooks.isEmpty }

  func begin() {
    log.keep(.debug, "\(command) begins", ["arguments": .array(arguments.map { .string($0) })])
    guard hooks.contains(where: { $0.fires(on: .start, of: command) }) else { return }
    let message = HookMessage(
      event: .start, command: command, began: began, hostname: Platform.hostName,
      repository: options.repositoryText)
    HookRunner(log: log).run(hooks.filter { $0.fires(on: .start, of: command) }, message)
  }

  func end(_ facts: RunFacts, exitCode: Int32, error: SnapshotError?) {
    let report = RunReport(
      command: command, arguments: arguments, began: began, duration: stopwatch.seconds, exitCode: exitCode,
      error: error, facts: facts)
    log.keep(report.level, report.text, report.metadata)
    guard isAudited else { return }
    // A mistake in the settings ended it before it began: nothing is known but the command line.
    guard options.loadedSettings != nil else { return notify(report, nil) }
    if error?.code != .usage { audit(report) }
    guard !hooks.isEmpty || settings.metricsFile != nil else { return }
    let status = status(report)
    if let file = settings.metricsFile { writeMetrics(report, status, to: file) }
    notify(report, status)
  }

  private func audit(_ report: RunReport) {
    let entry = AuditEntry(
      time: report.began, duration: report.duration, command: command, arguments: arguments,
      hostname: Platform.hostName, username: Platform.userName, sudoUser: Environment.value("SUDO_USER"),
      exitCode: report.exitCode, error: report.error?.code.rawValue, snapshot: report.facts.snapshot?.id,
      source: report.facts.source, program: Program.nameAndVersion)
    do throws(SnapshotError) {
      _ = try RecordAudit(entry).run(in: options.location)
    } catch {
      // Whoever may only read a repository can still restore from it.
      if [.noPermission, .readOnly].contains(error.code) {
        log.keep(.notice, "the audit trail was not written: \(error.message)", [:])
      } else {
        log.warn("the audit trail was not written: \(error.message)")
      }
    }
  }

  /// How things are after the run: for metrics, and for what hooks are alerted to.
  private func status(_ report: RunReport) -> StatusReport? {
    let location = options.location
    guard (try? location.exists()) == true else { return nil }
    var verb = ExamineStatus()
    verb.source = report.facts.source.map { FilePath($0) }
    do throws(SnapshotError) {
      do throws(SnapshotError) { return try verb.run(in: location) } catch {
        guard error.code == .snapshotNotFound else { throw error }
        // What it was about is no source of this repository (yet): then the repository itself is what can be told about.
        verb.source = nil
        var status = try verb.run(in: location)
        status.findings.removeAll { $0.source != nil }
        return status
      }
    } catch {
      log.warn("the repository's status can't be told: \(error.message)")
      return nil
    }
  }

  private func writeMetrics(_ report: RunReport, _ status: StatusReport?, to path: FilePath) {
    do throws(SystemError) {
      try MetricsFile(path).update { metrics in
        metrics.record(report, status, repository: options.repositoryText)
      }
      log.keep(.debug, "metrics written", ["file": .string(path.string)])
    } catch { log.warn("the metrics file \(path) can't be written: \(error)") }
  }

  private func notify(_ report: RunReport, _ status: StatusReport?) {
    let alerts = (status?.findings ?? []).filter { $0.code.isAlert }
    let event: Hook.Event =
      switch report.outcome {
      case .success: .success
      case .warning: .warning
      case .failure: .failure
      }
    var message = HookMessage(
      event: event, command: command, began: report.began, hostname: Platform.hostName,
      repository: options.repositoryText)
    message.report = report
    message.alerts = alerts
    message.freeBytes = status?.facts.freeBytes
    HookRunner(log: log).run(hooks.filter { $0.fires(on: event, of: command) }, message)
    guard !alerts.isEmpty else { return }
    // Who is told already finds the alerts there.
    message.event = .alert
    HookRunner(log: log).run(
      hooks.filter { $0.fires(on: .alert, of: command) && !$0.fires(on: event, of: command) }, message)
  }
}

extension StatusReport.Finding.Code {
  /// Whether it is something that a run can bring about, or find. Ages are for `status`, which is asked between the runs.
  fileprivate var isAlert: Bool { ![.stale, .drill, .check, .noSnapshot].contains(self) }
}

extension RunReport {
  fileprivate var level: Logger.Level {
    switch outcome {
    case .success: .info
    case .warning: .warning
    case .failure: .error
    }
  }

  fileprivate var metadata: Logger.Metadata {
    var metadata: Logger.Metadata = [
      "command": .string(command), "exit_code": .stringConvertible(exitCode),
      "duration": .stringConvertible((duration * 1e6).rounded() / 1e6),
    ]
    if let error { metadata["error"] = .string(error.code.rawValue) }
    if let snapshot = facts.snapshot {
      metadata["snapshot"] = .string(snapshot.id.description)
      metadata["name"] = .string(snapshot.manifest.name)
    }
    if let source = facts.source { metadata["source"] = .string(source) }
    if let taken = facts.taken {
      metadata["bytes_processed"] = .stringConvertible(taken.bytesProcessed)
      metadata["bytes_stored"] = .stringConvertible(taken.bytesStored)
    }
    if let health = facts.health { metadata["health"] = .string(health.rawValue) }
    if !facts.warnings.isEmpty { metadata["warnings"] = .stringConvertible(facts.warnings.count) }
    return metadata
  }
}
