import SystemIO

/// Whether all is well: decided from ``StatusFacts`` alone.
public struct StatusReport: Sendable {
  /// How bad something is. The raw values are the exit codes that monitors know.
  public enum Level: Int32, Comparable, Sendable {
    case ok, warning, critical, unknown

    public var name: String {
      switch self {
      case .ok: "ok"
      case .warning: "warning"
      case .critical: "critical"
      case .unknown: "unknown"
      }
    }

    public static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
  }

  /// Something that is not as it should be.
  public struct Finding: Hashable, Sendable {
    public enum Code: String, Sendable {
      case noSnapshot = "no_snapshot"
      case stale
      case noGoodSnapshot = "no_good_snapshot"
      case clock
      case size
      case collectionGone = "collection_gone"
      case recordsDropped = "records_dropped"
      case health
      case incomplete
      case hurt
      case damage
      case space
      case drill
      case check
    }

    public var code: Code
    public var level: Level
    /// In a sentence.
    public var message: String
    /// The source's path; `nil`: the repository.
    public var source: String?
  }

  public var facts: StatusFacts
  public var findings: [Finding] = []

  /// The worst that was found.
  public var level: Level { findings.map(\.level).max() ?? .ok }

  public func level(of source: StatusFacts.Source) -> Level {
    findings.filter { $0.source == source.path }.map(\.level).max() ?? .ok
  }

  public init(_ facts: StatusFacts, _ thresholds: StatusThresholds) {
    self.facts = facts
    if facts.sources.isEmpty {
      findings.append(Finding(code: .noSnapshot, level: .critical, message: "there is no snapshot at all"))
    }
    for source in facts.sources {
      findings += SourceJudgement(source, thresholds, now: facts.now).findings
    }
    judgeRepository(thresholds)
  }

  private mutating func judgeRepository(_ thresholds: StatusThresholds) {
    func add(_ code: Finding.Code, _ level: Level, _ message: String) {
      findings.append(Finding(code: code, level: level, message: message))
    }
    if facts.hurtSnapshots > 0 {
      add(
        .hurt, .critical,
        "\(facts.hurtSnapshots) snapshot\(facts.hurtSnapshots == 1 ? "" : "s") can't be restored whole: "
          + "run chromasnap check --read-data, then repair")
    }
    if facts.damagedPacks > 0 {
      add(
        .damage, .warning,
        "damage is noted in \(facts.damagedPacks) pack\(facts.damagedPacks == 1 ? "" : "s"): "
          + "take a snapshot, then run chromasnap check --read-data")
    }
    if let free = facts.freeBytes {
      // The next snapshot may take what the largest of the recent ones took.
      let largest = facts.sources.flatMap(\.recent).map(\.bytesStored).max() ?? 0
      let needed = max(largest, 16 << 20)
      if free < max(needed, thresholds.minFree) {
        add(
          .space, .critical,
          "\(StatusWording.mebibytes(free)) are free, and \(StatusWording.mebibytes(max(needed, thresholds.minFree))) are needed: "
            + "forget and prune, or move the repository")
      } else if free / 4 < needed {
        add(
          .space, .warning,
          "\(StatusWording.mebibytes(free)) are free: room for few more snapshots of \(StatusWording.mebibytes(largest))"
        )
      }
    }
    if let limit = thresholds.checkAge {
      if let check = facts.lastCheck, facts.now.seconds(since: check.time) <= limit {
      } else {
        add(
          .check, .warning,
          facts.lastCheck.map {
            "everything was last read and found sound \(StatusWording.age(facts.now.seconds(since: $0.time))) ago"
          } ?? "no check has read everything yet: run chromasnap check --read-data")
      }
    }
  }
}
