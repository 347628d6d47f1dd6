import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

/// How a status is told: to a monitor in the manner of Nagios, to a person, as JSON.
enum StatusText {
  /// `CHROMASNAP OK - text | figures`. A bar in the text would begin the figures.
  static func line(_ level: StatusReport.Level, _ text: String, _ figures: [String]) -> String {
    let plain = String(text.map { $0 == "|" ? "/" : $0 == "\n" ? " " : $0 })
    let line = "CHROMASNAP \(level.name.uppercased()) - \(plain)"
    return figures.isEmpty ? line : "\(line) | \(figures.joined(separator: " "))"
  }

  static func lines(_ report: StatusReport, _ thresholds: StatusThresholds) -> [String] {
    let facts = report.facts
    let worst = report.findings.filter { $0.level == report.level }
    var text = worst.first?.message ?? "\(Wording.count(facts.sources.count, "source"))\(newest(report))"
    if worst.count > 1 { text += " (and \(worst.count - 1) more)" }
    var lines = [line(report.level, text, figures(report, thresholds))]
    for source in facts.sources {
      lines.append("source   \(source.path): \(describe(source, now: facts.now))")
    }
    if let free = facts.freeBytes {
      lines.append("store    \(Wording.bytes(facts.storedBytes)) stored, \(Wording.bytes(free)) free")
    }
    if let check = facts.lastCheck { lines.append("checked  \(check.time.localText)") }
    for finding in report.findings { lines.append("\(finding.level.name): \(finding.message)") }
    return [lines[0]] + lines.dropFirst().map { $0.contains("|") ? String($0.map { $0 == "|" ? "/" : $0 }) : $0 }
  }

  private static func newest(_ report: StatusReport) -> String {
    let ages = report.facts.sources.compactMap { age(of: $0, now: report.facts.now) }
    return ages.max().map { ", last good snapshot \(Wording.duration($0)) old" } ?? ""
  }

  /// Seconds since the last good snapshot, or since a run found that it still holds everything.
  static func age(of source: StatusFacts.Source, now: Timestamp) -> Double? {
    source.lastGood.map { max(0, now.seconds(since: max($0.time, source.confirmed ?? $0.time))) }
  }

  private static func describe(_ source: StatusFacts.Source, now: Timestamp) -> String {
    var parts = [Wording.count(source.snapshots, "snapshot")]
    if let last = source.recent.last {
      parts.append("last \(last.id.short) of \(last.time.localText)")
      parts.append(Wording.bytes(last.bytes))
      if let records = last.records { parts.append(Wording.count(records, "record")) }
      if last.isHurt {
        parts.append("hurt: not all of it can be restored")
      } else if last.health != .unchecked {
        parts.append("health \(last.health.rawValue)")
      }
    }
    if let drill = source.lastDrill { parts.append("drill \(drill.ok ? "passed" : "failed") \(drill.time.localText)") }
    return parts.joined(separator: ", ")
  }

  // MARK: Figures

  /// `'label'=value[unit];[warn];[critical];[minimum]`.
  private static func figures(_ report: StatusReport, _ thresholds: StatusThresholds) -> [String] {
    let facts = report.facts
    var figures: [String] = []
    for source in facts.sources {
      // One source needs no names.
      func label(_ name: String) -> String {
        guard facts.sources.count > 1 else { return name }
        return "'\(String(source.path.map { "='|\n".contains($0) ? "_" : $0 })) \(name)'"
      }
      if let age = age(of: source, now: facts.now) {
        figures.append(
          "\(label("age"))=\(Int64(age))s;\(Int64(thresholds.warnAge));\(Int64(thresholds.criticalAge));0")
      }
      guard let last = source.recent.last else { continue }
      figures.append("\(label("size"))=\(last.bytes)B;;;0")
      if let records = last.records { figures.append("\(label("records"))=\(records);;;0") }
    }
    figures.append("stored=\(facts.storedBytes)B;;;0")
    if let free = facts.freeBytes { figures.append("free=\(free)B;;\(thresholds.minFree);0") }
    return figures
  }

  // MARK: JSON

  static func json(_ error: SnapshotError, repository: FilePath?) -> JSON {
    let level = StatusReport.Level.unknown
    return .object(
      [
        ("message_type", .string("summary")), ("status", .string(level.name)), ("exit_code", .integer(level.rawValue)),
      ] + JSON.path(repository, "repository")
        + error.fields + [("sources", .array([])), ("findings", .array([]))])
  }

  static func json(_ report: StatusReport, repository: FilePath) -> JSON {
    let facts = report.facts
    return .object(
      [
        ("message_type", .string("summary")), ("status", .string(report.level.name)),
        ("exit_code", .integer(report.level.rawValue)),
      ] + JSON.path(repository.bytes, "repository") + [
        ("time", .time(facts.now)), ("stored_bytes", .integer(facts.storedBytes)),
        ("free_bytes", facts.freeBytes.map { .integer($0) } ?? .null),
        ("last_check", json(facts.lastCheck)), ("damaged_packs", .integer(facts.damagedPacks)),
        ("hurt_snapshots", .integer(facts.hurtSnapshots)),
        ("sources", .array(facts.sources.map { json($0, report) })),
        ("findings", .array(report.findings.map(\.json))),
      ])
  }

  private static func json(_ event: StatusFacts.Event?) -> JSON {
    event.map { .object([("time", .time($0.time)), ("ok", .bool($0.ok))]) } ?? .null
  }

  private static func json(_ source: StatusFacts.Source, _ report: StatusReport) -> JSON {
    let facts: [(String, JSON)] = [
      ("source_id", .string(source.id)),
      ("status", .string(report.level(of: source).name)), ("snapshots", .integer(source.snapshots)),
      ("age", age(of: source, now: report.facts.now).map { .number($0) } ?? .null),
      ("last", source.recent.last.map(json) ?? .null), ("last_good", source.lastGood.map(json) ?? .null),
      ("confirmed", source.confirmed.map { .time($0) } ?? .null), ("drill", json(source.lastDrill)),
    ]
    return .object(JSON.source(source.path, base64: source.pathBase64) + facts)
  }

  private static func json(_ snapshot: StatusFacts.SnapshotFacts) -> JSON {
    .object([
      ("id", .string(snapshot.id.description)), ("short_id", .string(snapshot.id.short)),
      ("name", .string(snapshot.name)), ("time", .time(snapshot.time)), ("total_bytes", .integer(snapshot.bytes)),
      ("bytes_stored", .integer(snapshot.bytesStored)),
      ("records", snapshot.records.map { .integer($0) } ?? .null), ("health", .string(snapshot.health.rawValue)),
      ("complete", .bool(snapshot.isComplete)), ("hurt", .bool(snapshot.isHurt)),
    ])
  }
}

extension StatusReport.Finding {
  /// The documented fields of a finding.
  var json: JSON {
    .object([
      ("code", .string(code.rawValue)), ("level", .string(level.name)), ("message", .string(message)),
      ("source", .optional(source)),
    ])
  }
}
