import SnapshotFormat
public import SnapshotRepository
import SystemIO

/// Which snapshots of a source stay. Each rule keeps some; what no rule keeps goes.
public struct KeepPolicy: Hashable, Sendable {
  /// The newest, by their sequence.
  public var last = 0
  /// The newest of each of the newest hours, days, … that have one, by local time.
  public var hourly = 0
  public var daily = 0
  public var weekly = 0
  public var monthly = 0
  public var yearly = 0
  /// All that are no older than the newest by this many seconds.
  public var within: Double?
  /// All that have one of these.
  public var tags: [String] = []
  /// Only snapshots with this tag are counted and may go; all others stay.
  public var scope: String?

  public init() {}

  /// A policy without a rule keeps nothing, and is refused.
  public var isEmpty: Bool {
    [last, hourly, daily, weekly, monthly, yearly].allSatisfy { $0 == 0 } && within == nil && tags.isEmpty
  }

  /// How sure it is that a snapshot is of use, from less to more.
  public enum Proof: Int, Comparable, Sendable {
    case none
    /// A drill restored it, or a check read all of it.
    case restorable
    /// It was examined, and Chroma would open it.
    case healthy

    public static func < (a: Proof, b: Proof) -> Bool { a.rawValue < b.rawValue }
  }

  /// What is known of a snapshot beside its manifest.
  public struct Candidate: Sendable {
    public var snapshot: Snapshot
    public var isPinned = false
    /// Whether it can be relied on: complete, and not found hurt or damaged.
    public var isGood = true
    /// Whether a check found that not all of it can be restored.
    public var isHurt = false
    /// What has been proved of it, where it can be relied on.
    public var proof = Proof.none
    /// Whether its collapse against the one before it is known to be intended.
    public var isAcknowledged = false

    public init(_ snapshot: Snapshot) { self.snapshot = snapshot }
  }

  /// What becomes of a snapshot, and why.
  public struct Decision: Sendable {
    public var snapshot: Snapshot
    /// Why it stays; empty where it goes.
    public var reasons: [String]
    public var isKept: Bool { !reasons.isEmpty }
  }

  /// Decides about all snapshots of one source.
  /// - Parameter candidates: In their order: by sequence, then commit time, then id.
  /// - Returns: In the same order.
  public func decide(_ candidates: [Candidate]) -> [Decision] {
    var reasons: [[String]] = Array(repeating: [], count: candidates.count)
    let counted = candidates.indices.filter { isInScope(candidates[$0]) }
    for i in counted.suffix(last) { reasons[i].append("last \(last)") }
    if let scope {
      for i in candidates.indices where !isInScope(candidates[i]) { reasons[i].append("not tagged \(scope)") }
    }
    keepBuckets(candidates, hourly, "hourly", &reasons) { local, time in
      // Where clocks go back an hour comes twice.
      "\(local.year) \(local.month) \(local.day) \(local.hour) \(Platform.secondsEastOfUTC(at: time))"
    }
    keepBuckets(candidates, daily, "daily", &reasons) { local, _ in "\(local.year) \(local.month) \(local.day)" }
    keepBuckets(candidates, weekly, "weekly", &reasons) { local, _ in
      // Monday was the fifth day of 1970.
      "\((CivilTime.days(year: local.year, month: local.month, day: local.day) + 3) / 7)"
    }
    keepBuckets(candidates, monthly, "monthly", &reasons) { local, _ in "\(local.year) \(local.month)" }
    keepBuckets(candidates, yearly, "yearly", &reasons) { local, _ in "\(local.year)" }
    for (i, candidate) in candidates.enumerated() {
      let manifest = candidate.snapshot.manifest
      if let within, let newest = candidates.last?.snapshot.manifest.time,
        newest.seconds(since: manifest.time) <= within
      {
        reasons[i].append("within")
      }
      for tag in tags where manifest.tags.contains(tag) { reasons[i].append("tag \(tag)") }
      if candidate.isPinned { reasons[i].append(Self.pinned) }
    }
    protectGood(candidates, &reasons)
    return candidates.indices.map { Decision(snapshot: candidates[$0].snapshot, reasons: reasons[$0]) }
  }

  /// Decides about snapshots of one source that somebody named: they go, and all others stay.
  /// - Parameters:
  ///   - candidates: All snapshots of the source, in their order.
  ///   - isForced: Whether the guards do not hold; what is pinned stays even so.
  static func decide(forgetting named: Set<ChunkID>, of candidates: [Candidate], isForced: Bool) -> [Decision] {
    var guarded: [[String]] = Array(repeating: [], count: candidates.count)
    KeepPolicy().protectGood(candidates, &guarded)
    let goodStays = candidates.contains { $0.isGood && !named.contains($0.snapshot.id) }
    return candidates.indices.map { i in
      let candidate = candidates[i]
      guard named.contains(candidate.snapshot.id) else {
        return Decision(snapshot: candidate.snapshot, reasons: ["not named"])
      }
      var reasons = candidate.isPinned ? [pinned] : []
      // Of several good ones any may go; a hurt one may at any time, or nothing would ever end its being hurt.
      if !isForced, !candidate.isHurt { reasons += guarded[i].filter { !goodStays || $0 != lastGood } }
      return Decision(snapshot: candidate.snapshot, reasons: reasons)
    }
  }

  static let pinned = "pinned"
  private static let lastGood = "last good"

  private func isInScope(_ candidate: Candidate) -> Bool {
    scope.map(candidate.snapshot.manifest.tags.contains) ?? true
  }

  /// - Parameter bucket: Names that of a local time, which is also given as a moment.
  private func keepBuckets(
    _ candidates: [Candidate], _ count: Int, _ name: String, _ reasons: inout [[String]],
    bucket: (CivilTime, Timestamp) -> String
  ) {
    var seen: Set<String> = []
    for (i, candidate) in candidates.enumerated().reversed() where isInScope(candidate) {
      guard seen.count < count else { return }
      let time = candidate.snapshot.manifest.time
      let key = bucket(time.local, time)
      if seen.insert(key).inserted { reasons[i].append("\(name) \(count)") }
    }
  }

  /// The guards that no policy overrides: the last good snapshot, and the last good one before each collapse that nobody
  /// has acknowledged. A fresh, empty database must not rotate the real one out.
  private func protectGood(_ candidates: [Candidate], _ reasons: inout [[String]]) {
    let good = candidates.indices.filter { candidates[$0].isGood }
    // The newest of those of which the most is proved.
    if let last = good.max(by: { (candidates[$0].proof, $0) < (candidates[$1].proof, $1) }) {
      reasons[last].append(Self.lastGood)
    }
    if good.isEmpty, let (last, reason) = Self.lastResort(among: candidates) { reasons[last].append(reason) }
    for (before, after) in zip(good, good.dropFirst())
    where Self.isCollapse(from: candidates[before], to: candidates[after]) && !candidates[after].isAcknowledged {
      reasons[before].append("before collapse \(candidates[after].snapshot.id.short)")
    }
  }

  /// Where none is good, what there is, and why it stays.
  private static func lastResort(among candidates: [Candidate]) -> (index: Int, reason: String)? {
    if let last = candidates.lastIndex(where: { $0.snapshot.manifest.complete && !$0.isHurt }) {
      return (last, "last complete")
    }
    if let last = candidates.lastIndex(where: { !$0.isHurt }) { return (last, "last unhurt") }
    return candidates.indices.last.map { ($0, "last of all") }
  }

  /// Whether a source has lost more than half of its bytes or records, or a collection, between two snapshots.
  static func isCollapse(from before: Candidate, to after: Candidate) -> Bool {
    let (old, new) = (before.snapshot.manifest.statistics, after.snapshot.manifest.statistics)
    if hasLostMoreThanHalf(of: old.totalBytes, now: new.totalBytes) { return true }
    guard let chroma = before.snapshot.manifest.chroma else { return false }
    let now = after.snapshot.manifest.chroma
    let gone = Set(chroma.collections.map(\.id)).subtracting(now?.collections.map(\.id) ?? [])
    return !gone.isEmpty || hasLostMoreThanHalf(of: chroma.records, now: now?.records ?? 0)
  }

  /// Not rounded: the one record that there was is more than half.
  static func hasLostMoreThanHalf<Amount: BinaryInteger>(of before: Amount, now: Amount) -> Bool {
    now < before - before / 2
  }
}
