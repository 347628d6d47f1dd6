import ChromaSnap
import SnapshotFormat
import SystemIO
import Testing

/// What is said of made-up facts: nothing here touches a disk.
@Suite struct StatusReportTests {
  private static let now = Timestamp(seconds: 1_800_000_000)
  private static let mebibyte: UInt64 = 1 << 20

  private func collection(_ id: String, _ records: Int64) -> StatusFacts.Collection {
    StatusFacts.Collection(id: id, name: "the \(id)", records: records)
  }

  /// One snapshot an hour, the newest an hour old, each of 100 MiB with two collections.
  private func facts(
    _ count: Int = 6, change: (inout StatusFacts) -> Void = { _ in }
  ) -> StatusFacts {
    let snapshots = (0..<count).map { i in
      let time = Self.now.advanced(bySeconds: Int64(i - count) * 3600)
      var facts = StatusFacts.SnapshotFacts(
        id: ChunkID(of: [UInt8(i)]), name: "n\(i)", time: time, commitTime: time, bytes: 100 * Self.mebibyte,
        bytesStored: Self.mebibyte, collections: [collection("a", 1000), collection("b", 10)])
      facts.health = .good
      return facts
    }
    var source = StatusFacts.Source(id: "s", path: "/srv/chroma", snapshots: count, recent: snapshots)
    source.lastGood = snapshots.last
    var facts = StatusFacts(now: Self.now)
    facts.freeBytes = 100 << 30
    facts.sources = [source]
    change(&facts)
    return facts
  }

  private func codes(
    _ facts: StatusFacts, _ change: (inout StatusThresholds) -> Void = { _ in }
  ) -> [String: StatusReport.Level] {
    var thresholds = StatusThresholds()
    change(&thresholds)
    let findings = StatusReport(facts, thresholds).findings
    return Dictionary(findings.map { ($0.code.rawValue, $0.level) }, uniquingKeysWith: max)
  }

  /// The facts with the last snapshot changed, which is also the last good one.
  private func last(_ change: (inout StatusFacts.SnapshotFacts) -> Void) -> StatusFacts {
    facts { facts in
      let at = facts.sources[0].recent.count - 1
      change(&facts.sources[0].recent[at])
      facts.sources[0].lastGood = facts.sources[0].recent.last { $0.isGood }
    }
  }

  @Test func allIsWell() {
    let report = StatusReport(facts(), StatusThresholds())
    #expect(report.findings.isEmpty && report.level == .ok)
    #expect(report.level(of: report.facts.sources[0]) == .ok)
  }

  @Test func nothingAtAllIsCritical() {
    #expect(codes(StatusFacts(now: Self.now)) == ["no_snapshot": .critical])
  }

  @Test func agesWarnAndThenAreCritical() {
    for (hours, level) in [(26, nil), (27, .warning), (50, .warning), (51, .critical)] as [(Int64, StatusReport.Level?)]
    {
      let facts = facts {
        $0.now = Self.now.advanced(bySeconds: (hours - 1) * 3600)
      }
      #expect(codes(facts)["stale"] == level, "\(hours) h")
    }
    let young = facts { $0.now = Self.now.advanced(bySeconds: 3600) }
    #expect(codes(young) { ($0.warnAge, $0.criticalAge) = (3600, 7199) } == ["stale": .critical])
  }

  /// Of a source that does not change a run stores nothing, and yet is a backup.
  @Test func aRunThatFoundNothingChangedCounts() {
    let facts = facts {
      $0.now = Self.now.advanced(bySeconds: 100 * 3600)
      $0.sources[0].confirmed = Self.now.advanced(bySeconds: 99 * 3600)
    }
    #expect(codes(facts).isEmpty)
  }

  @Test func aClockInTheFutureIsNamed() {
    let future = Self.now.advanced(bySeconds: 400 * 86_400)
    let facts = facts { facts in
      let at = facts.sources[0].recent.count - 1
      facts.sources[0].recent[at].commitTime = future
      facts.sources[0].recent[at].time = future
      facts.sources[0].lastGood = facts.sources[0].recent[at - 1]
    }
    #expect(codes(facts) == ["clock": .warning])
    // Ages are those of what is not from the future.
    #expect(codes(facts) { ($0.warnAge, $0.criticalAge) = (3600, 360_000) } == ["clock": .warning, "stale": .warning])
    let onlyFuture = self.facts(1) { facts in
      facts.sources[0].recent[0].time = future
      facts.sources[0].lastGood = nil
    }
    #expect(codes(onlyFuture) == ["clock": .warning, "no_good_snapshot": .critical])
    // A few seconds between two machines are none.
    #expect(codes(last { $0.commitTime = Self.now.advanced(bySeconds: 30) }).isEmpty)
  }

  @Test func sizesAreComparedWithTheMedian() {
    for (mebibytes, isUsual) in [(49, false), (51, true), (100, true), (199, true), (201, false), (0, false)]
      as [(UInt64, Bool)]
    {
      let found = codes(last { $0.bytes = mebibytes * Self.mebibyte })
      #expect(found == (isUsual ? [:] : ["size": .warning]), "\(mebibytes)")
    }
    #expect(codes(last { $0.bytes = 300 * Self.mebibyte }) { $0.sizeFactor = 4 }.isEmpty)
    // One odd snapshot among those before does not matter.
    let odd = facts { $0.sources[0].recent[2].bytes = 1 << 40 }
    #expect(codes(odd).isEmpty)
    // Two snapshots say nothing about what is usual.
    let few = facts(3) { $0.sources[0].recent[2].bytes = 1 << 40 }
    #expect(codes(few).isEmpty)
    // What is tiny may change by any factor.
    let tiny = facts { facts in
      for i in 0..<6 { facts.sources[0].recent[i].bytes = i == 5 ? 900_000 : 10 }
    }
    #expect(codes(tiny).isEmpty)
  }

  @Test func lostRecordsAreNamed() {
    #expect(codes(last { $0.collections![0].records = 850 }).isEmpty)
    #expect(codes(last { $0.collections![0].records = 700 }) == ["records_dropped": .warning])
    #expect(codes(last { $0.collections![0].records = 400 }) == ["records_dropped": .critical])
    // The one record that there was is more than half.
    let emptied = facts { facts in
      for i in facts.sources[0].recent.indices { facts.sources[0].recent[i].collections![1].records = i < 5 ? 1 : 0 }
    }
    #expect(codes(emptied) == ["records_dropped": .critical])
    #expect(codes(last { $0.collections![0].records = 850 }) { $0.maxDrop = 0.1 } == ["records_dropped": .warning])
    #expect(codes(last { $0.collections!.remove(at: 1) }) == ["collection_gone": .warning])
    #expect(codes(last { $0.collections = [] }) == ["collection_gone": .critical])
    #expect(codes(last { $0.collections!.append(collection("c", 1)) }).isEmpty)
    // Where the tables can't be read nothing is known to be lost; that is for health to say.
    #expect(codes(last { $0.collections = nil }).isEmpty)
    let destroyed = last { facts in
      facts.collections = nil
      facts.isChroma = false
    }
    #expect(codes(destroyed) == ["collection_gone": .critical])
  }

  /// A loss is not forgotten by the next snapshot, and is forgotten once somebody says that it is intended.
  @Test func aLossStaysUntilItIsAcknowledged() {
    func lost(acknowledged: Int?) -> StatusFacts {
      facts { facts in
        for i in 3..<6 {
          facts.sources[0].recent[i].collections!.remove(at: 1)
          facts.sources[0].recent[i].bytes = 10 * Self.mebibyte
          if i == acknowledged { facts.sources[0].recent[i].isAcknowledged = true }
        }
      }
    }
    #expect(codes(lost(acknowledged: nil)) == ["collection_gone": .warning, "size": .warning])
    #expect(codes(lost(acknowledged: 3)).isEmpty)
    #expect(codes(lost(acknowledged: 5)).isEmpty)
  }

  @Test func whatIsWrongWithTheLastSnapshotIsNamed() {
    #expect(codes(last { $0.health = .damaged }) == ["health": .critical])
    #expect(codes(last { $0.isComplete = false }) == ["incomplete": .warning])
    #expect(codes(last { $0.isHurt = true }) == ["hurt": .critical])
    let none = facts { $0.sources[0].lastGood = nil }
    #expect(codes(none) == ["no_good_snapshot": .critical])
  }

  @Test func freeSpaceIsComparedWithWhatIsNeeded() {
    func free(_ mebibytes: UInt64, largest: UInt64 = 1) -> StatusFacts {
      facts { facts in
        facts.freeBytes = mebibytes * Self.mebibyte
        facts.sources[0].recent[1].bytesStored = largest * Self.mebibyte
      }
    }
    #expect(codes(free(65)).isEmpty)
    #expect(codes(free(40)) == ["space": .warning])
    #expect(codes(free(15)) == ["space": .critical])
    #expect(codes(free(900, largest: 1000)) == ["space": .critical])
    #expect(codes(free(3000, largest: 1000)) == ["space": .warning])
    #expect(codes(free(5000, largest: 1000)).isEmpty)
    #expect(codes(free(5000)) { $0.minFree = 6000 << 20 } == ["space": .critical])
    #expect(codes(facts { $0.freeBytes = nil }) { $0.minFree = .max }.isEmpty)
  }

  @Test func drillsAndChecksAreWatchedWhereThatIsAskedFor() {
    let day: Double = 86_400
    let failed = facts { $0.sources[0].lastDrill = StatusFacts.Event(time: Self.now, ok: false) }
    #expect(codes(failed) == ["drill": .critical])
    #expect(codes(facts()) { ($0.drillAge, $0.checkAge) = (day, day) } == ["drill": .warning, "check": .warning])
    let done = facts { facts in
      let time = Self.now.advanced(bySeconds: -2 * 86_400)
      facts.sources[0].lastDrill = StatusFacts.Event(time: time, ok: true)
      facts.lastCheck = StatusFacts.Event(time: time, ok: true)
    }
    #expect(codes(done) { ($0.drillAge, $0.checkAge) = (3 * day, 3 * day) }.isEmpty)
    #expect(codes(done) { ($0.drillAge, $0.checkAge) = (day, day) } == ["drill": .warning, "check": .warning])
  }

  @Test func notedDamageIsNamed() {
    #expect(codes(facts { $0.damagedPacks = 2 }) == ["damage": .warning])
    #expect(codes(facts { $0.hurtSnapshots = 1 }) == ["hurt": .critical])
  }

  @Test func theWorstSourceDecides() {
    let facts = facts { facts in
      var other = facts.sources[0]
      (other.id, other.path, other.lastGood) = ("t", "/srv/other", nil)
      facts.sources.append(other)
    }
    let report = StatusReport(facts, StatusThresholds())
    #expect(report.level == .critical)
    #expect(facts.sources.map(report.level(of:)) == [.ok, .critical])
  }
}
