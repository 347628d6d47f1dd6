import SnapshotFormat
import SystemIO

/// What is not as it should be with one source.
struct SourceJudgement {
  private let source: StatusFacts.Source
  private let thresholds: StatusThresholds
  private let now: Timestamp
  private(set) var findings: [StatusReport.Finding] = []

  /// A clock that is ahead by less is not worth a word.
  private static let clockTolerance: Int64 = 60
  /// Fewer snapshots than this say nothing about what is usual.
  private static let minimumForMedian = 3
  /// What is smaller than this may change by any factor.
  private static let negligibleBytes: UInt64 = 1 << 20

  init(_ source: StatusFacts.Source, _ thresholds: StatusThresholds, now: Timestamp) {
    self.source = source
    self.thresholds = thresholds
    self.now = now
    guard let last = source.recent.last else {
      add(.noSnapshot, .critical, "there is no snapshot of \(source.path)")
      return
    }
    judgeClock()
    judgeAge()
    judgeQuality(last)
    judgeSize(last)
    judgeCollections(last)
    judgeDrill()
  }

  private mutating func add(_ code: StatusReport.Finding.Code, _ level: StatusReport.Level, _ message: String) {
    findings.append(StatusReport.Finding(code: code, level: level, message: message, source: source.path))
  }

  private mutating func judgeClock() {
    let limit = now.advanced(bySeconds: Self.clockTolerance)
    guard let future = source.recent.last(where: { $0.time > limit || $0.commitTime > limit }) else { return }
    add(
      .clock, .warning,
      "snapshot \(future.id.short) is from \(max(future.time, future.commitTime).rfc3339Seconds), which is in the future: "
        + "a clock is or was wrong")
  }

  private mutating func judgeAge() {
    guard let good = source.lastGood else {
      add(.noGoodSnapshot, .critical, "no snapshot of \(source.path) can be relied on")
      return
    }
    let age = now.seconds(since: max(good.time, source.confirmed ?? good.time))
    guard age > thresholds.warnAge else { return }
    add(
      .stale, age > thresholds.criticalAge ? .critical : .warning,
      "the last good snapshot of \(source.path) is \(StatusWording.age(age)) old")
  }

  private mutating func judgeQuality(_ last: StatusFacts.SnapshotFacts) {
    if last.health == .damaged {
      add(
        .health, .critical,
        "what was saved last (\(last.name)) is damaged in itself: chromasnap health \(last.id.short) says how")
    }
    if !last.isComplete { add(.incomplete, .warning, "the last snapshot (\(last.name)) is incomplete") }
    if last.isHurt { add(.hurt, .critical, "the last snapshot (\(last.name)) can't be restored whole") }
  }

  /// What the last snapshot is compared with: those before it, as far back as the last loss that is intended.
  private var reference: ArraySlice<StatusFacts.SnapshotFacts> {
    if source.recent.last?.isAcknowledged == true { return [] }
    let before = source.recent.dropLast().suffix(thresholds.recent)
    guard let intended = before.lastIndex(where: \.isAcknowledged) else { return before }
    return before[intended...]
  }

  private mutating func judgeSize(_ last: StatusFacts.SnapshotFacts) {
    let sizes = reference.filter(\.isGood).map(\.bytes).sorted()
    guard sizes.count >= Self.minimumForMedian else { return }
    let median = sizes[sizes.count / 2]
    guard max(median, last.bytes) - min(median, last.bytes) >= Self.negligibleBytes else { return }
    let (size, usual) = (Double(last.bytes), Double(median))
    guard size > usual * thresholds.sizeFactor || size * thresholds.sizeFactor < usual else { return }
    add(
      .size, .warning,
      "the last snapshot (\(last.name)) holds \(StatusWording.mebibytes(last.bytes)), and \(StatusWording.mebibytes(median)) are usual"
    )
  }

  private mutating func judgeCollections(_ last: StatusFacts.SnapshotFacts) {
    // Where its tables can't be read nothing is known; where it is no Chroma directory any more, there is none.
    guard last.collections != nil || !last.isChroma else { return }
    let present = last.collections ?? []
    let counts = Dictionary(present.map { ($0.id, $0.records) }, uniquingKeysWith: max)
    var usual: [String: StatusFacts.Collection] = [:]
    for collection in reference.flatMap({ $0.collections ?? [] })
    where collection.records >= usual[collection.id]?.records ?? 0 {
      usual[collection.id] = collection
    }
    let intended = "if that is intended: chromasnap forget --accept-collapse \(last.id.short)"
    for collection in usual.values.sorted(by: { ($0.name, $0.id) < ($1.name, $1.id) }) {
      guard let records = counts[collection.id] else {
        add(
          .collectionGone, .warning,
          "collection \(collection.name) with \(collection.records) records is gone; \(intended)")
        continue
      }
      if Double(records) < Double(collection.records) * (1 - thresholds.maxDrop) {
        add(
          .recordsDropped,
          KeepPolicy.hasLostMoreThanHalf(of: collection.records, now: records) ? .critical : .warning,
          "collection \(collection.name) has \(records) records, and had \(collection.records); \(intended)")
      }
    }
    // All of them at once: nothing is left of what there was.
    if !usual.isEmpty, usual.keys.allSatisfy({ counts[$0] == nil }) {
      add(.collectionGone, .critical, "no collection is left of those that \(source.path) held; \(intended)")
    }
  }

  private mutating func judgeDrill() {
    if let drill = source.lastDrill, !drill.ok {
      add(
        .drill, .critical,
        "the last drill failed \(StatusWording.age(now.seconds(since: drill.time))) ago: run chromasnap drill"
      )
    } else if let limit = thresholds.drillAge {
      guard let drill = source.lastDrill else {
        add(.drill, .warning, "no restore of \(source.path) was tried yet: run chromasnap drill")
        return
      }
      let age = now.seconds(since: drill.time)
      if age > limit { add(.drill, .warning, "the last drill was \(StatusWording.age(age)) ago") }
    }
  }
}
