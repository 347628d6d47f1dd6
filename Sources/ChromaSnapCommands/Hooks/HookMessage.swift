import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO

/// What a hook is told.
struct HookMessage: Sendable {
  var event: Hook.Event
  var command: String
  var began: Timestamp
  var hostname: String
  var repository: String
  /// `nil` at the start.
  var report: RunReport?
  var alerts: [StatusReport.Finding] = []
  var freeBytes: UInt64?

  init(event: Hook.Event, command: String, began: Timestamp, hostname: String, repository: String) {
    self.event = event
    self.command = command
    self.began = began
    self.hostname = hostname
    self.repository = repository
  }

  /// For people: a sentence, then what else there is to say, a line each.
  var text: String {
    let first = report?.text ?? "\(command) begins"
    let lines =
      alerts.map { "alert: \($0.message)" } + (report?.facts.warnings ?? []).prefix(20).map { "warning: \($0.text)" }
      + [report?.error?.hint].compactMap { $0 }
    return ([first + " (\(hostname))"] + lines).joined(separator: "\n") + "\n"
  }

  /// A JSON object, in one line.
  var json: JSON {
    let facts = report?.facts
    return .object([
      ("message_type", .string("notification")), ("event", .string(event.rawValue)), ("command", .string(command)),
      ("time", .time(began)), ("hostname", .string(hostname)), ("repository", .string(repository)),
      ("message", .string(report?.text ?? "\(command) begins")),
      ("exit_code", report.map { .integer($0.exitCode) } ?? .null),
      ("duration", report.map { .number($0.duration) } ?? .null),
      ("source", .optional(facts?.source)), ("snapshot_id", .optional(facts?.snapshot?.id.description)),
      ("name", .optional(facts?.snapshot?.manifest.name)),
      ("health", .optional(facts?.health?.rawValue)),
      ("error", report?.error.map { .object($0.fields) } ?? .null),
      ("alerts", .array(alerts.map(\.json))),
      ("warnings", .array((facts?.warnings ?? []).prefix(100).map(\.json))),
      ("free_bytes", freeBytes.map { .integer($0) } ?? .null),
      ("summary", facts?.summary ?? .null),
    ])
  }

  /// What a command finds in its environment.
  var variables: [(name: String, value: String)] {
    let facts = report?.facts
    var values: [(String, String?)] = [
      ("EVENT", event.rawValue), ("COMMAND", command), ("MESSAGE", report?.text ?? "\(command) begins"),
      // Of the program's own variables: what it runs works on the same repository.
      ("REPO", repository),
      ("EXIT_CODE", report.map { "\($0.exitCode)" }), ("DURATION", report.map { Wording.decimals($0.duration, 3) }),
      ("SOURCE", facts?.source), ("SNAPSHOT_ID", facts?.snapshot?.id.description),
      ("SNAPSHOT_NAME", facts?.snapshot?.manifest.name),
      ("BYTES_STORED", facts?.taken.map { "\($0.bytesStored)" }),
      ("BYTES_PROCESSED", facts?.taken.map { "\($0.bytesProcessed)" }),
      ("RECORDS", facts?.snapshot?.manifest.chroma.map { "\($0.records)" }),
      ("HEALTH", facts?.health?.rawValue), ("ERROR", report?.error?.code.rawValue),
      ("WARNINGS", report.map { "\($0.facts.warnings.count)" }),
      ("FREE_BYTES", freeBytes.map { "\($0)" }),
    ]
    if report != nil { values.append(("ALERTS", alerts.map(\.message).joined(separator: "\n"))) }
    return values.compactMap { name, value in value.map { ("CHROMASNAP_\(name)", $0) } }
  }
}
