import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import Testing

@Suite struct KeepPolicyTests {
  /// One snapshot each so many hours, the newest at noon UTC of a Wednesday.
  private func candidates(_ count: Int, everyHours hours: Int) -> [KeepPolicy.Candidate] {
    let newest = Timestamp(seconds: Int64(CivilTime.days(year: 2026, month: 11, day: 25)) * 86_400 + 12 * 3600)
    return (0..<count).map { i in
      let time = newest.advanced(bySeconds: Int64((i - count + 1) * hours * 3600))
      var statistics = Manifest.Statistics()
      statistics.totalBytes = 1000
      let manifest = Manifest(
        name: "n\(i)", source: Manifest.Source(id: "s", path: "/s", pathBase64: nil, kind: .directory, inode: 1),
        hostname: "h", username: "u", time: time, commitTime: time, sequence: UInt64(i + 1), parent: nil, tree: .empty,
        packs: [], statistics: statistics, tags: i % 10 == 0 ? ["ten"] : [], description: "", excludes: [],
        complete: true, program: "test")
      return KeepPolicy.Candidate(Snapshot(id: ChunkID(of: [UInt8(i & 255), UInt8(i >> 8)]), manifest: manifest))
    }
  }

  private func summary(records: Int64) -> ChromaSummary {
    ChromaSummary(
      schema: "1.5.9",
      collections: [
        ChromaSummary.Collection(
          tenant: "t", database: "d", name: "c", id: "c", dimension: 3, distance: "l2", records: records, backlog: 0,
          settings: [:], indexBytes: 0)
      ])
  }

  private func kept(_ candidates: [KeepPolicy.Candidate], _ change: (inout KeepPolicy) -> Void) -> [Int] {
    var policy = KeepPolicy()
    change(&policy)
    let decisions = policy.decide(candidates)
    return decisions.indices.filter { decisions[$0].isKept }
  }

  @Test func lastKeepsTheNewest() {
    #expect(kept(candidates(20, everyHours: 1)) { $0.last = 3 } == [17, 18, 19])
    #expect(kept(candidates(2, everyHours: 1)) { $0.last = 30 } == [0, 1])
  }

  @Test func bucketsKeepTheNewestOfEach() {
    let all = candidates(24 * 70, everyHours: 1)
    #expect(kept(all) { $0.hourly = 5 } == Array(1675...1679))
    #expect(kept(all) { $0.daily = 7 }.count == 7)
    #expect(kept(all) { $0.weekly = 4 }.count == 4)
    #expect(kept(all) { $0.monthly = 2 }.count == 2)
    #expect(kept(all) { $0.yearly = 5 }.count == 1)
    // The weeks are those of the calendar: a week's last snapshot is of its Sunday.
    let weekly = kept(all) { $0.weekly = 3 }.dropLast().map { all[$0].snapshot.manifest.time.local }
    for time in weekly {
      #expect((CivilTime.days(year: time.year, month: time.month, day: time.day) + 3) % 7 == 6)
    }
  }

  @Test func withinCountsFromTheNewest() {
    #expect(kept(candidates(20, everyHours: 1)) { $0.within = 2 * 3600 } == [17, 18, 19])
  }

  @Test func tagsAndPinsStay() {
    var all = candidates(25, everyHours: 1)
    all[3].isPinned = true
    #expect(kept(all) { $0.tags = ["ten"] } == [0, 3, 10, 20, 24])
  }

  @Test func whatIsHurtIsNotTheLastCompleteOne() {
    var all = candidates(3, everyHours: 1)
    for i in all.indices { all[i].isGood = false }
    all[2].isHurt = true
    #expect(kept(all) { $0.tags = ["none"] } == [1])
    for i in all.indices { all[i].snapshot.manifest.complete = i == 2 }
    #expect(kept(all) { $0.tags = ["none"] } == [1])
    for i in all.indices { all[i].isHurt = true }
    #expect(kept(all) { $0.tags = ["none"] } == [2])
  }

  @Test func aScopeCountsOnlyItsOwn() {
    let all = candidates(25, everyHours: 1)
    // 0, 10 and 20 have the tag; the others stay, and none of them is counted.
    #expect(kept(all) { ($0.scope, $0.last) = ("ten", 2) } == Array(1...24))
    #expect(kept(all) { ($0.scope, $0.hourly) = ("ten", 1) } == (1...24).filter { $0 != 10 })
    #expect(kept(all) { ($0.scope, $0.last) = ("none", 1) } == Array(0...24))
  }

  @Test func theLastGoodOneStays() {
    var all = candidates(5, everyHours: 1)
    for i in 2..<5 { all[i].isGood = false }
    #expect(kept(all) { $0.last = 1 } == [1, 4])
  }

  @Test func theBestProvedOneIsTheLastGood() {
    var all = candidates(6, everyHours: 1)
    // Nothing is proved: the newest complete one.
    #expect(kept(all) { $0.last = 1 } == [5])
    all[1].proof = .restorable
    #expect(kept(all) { $0.last = 1 } == [1, 5])
    all[0].proof = .healthy
    #expect(kept(all) { $0.last = 1 } == [0, 5])
    // The newest of those.
    all[3].proof = .healthy
    #expect(kept(all) { $0.last = 1 } == [3, 5])
    // Found hurt since.
    all[3].isGood = false
    #expect(kept(all) { $0.last = 1 } == [0, 5])
  }

  @Test func theLastOneBeforeACollapseStays() {
    var all = candidates(6, everyHours: 1)
    for i in 3..<6 { all[i].snapshot.manifest.statistics.totalBytes = 400 }
    #expect(kept(all) { $0.last = 1 } == [2, 5])
    all[3].isAcknowledged = true
    #expect(kept(all) { $0.last = 1 } == [5])
  }

  @Test func moreThanHalfIsNotRounded() {
    var all = candidates(2, everyHours: 1)
    for (before, after, isCollapse) in [(1, 0, true), (3, 1, true), (2, 1, false), (3, 2, false), (0, 0, false)] {
      all[0].snapshot.manifest.statistics.totalBytes = UInt64(before)
      all[1].snapshot.manifest.statistics.totalBytes = UInt64(after)
      #expect(kept(all) { $0.last = 1 } == (isCollapse ? [0, 1] : [1]), "\(before) to \(after) bytes")
    }
    for i in all.indices { all[i].snapshot.manifest.statistics.totalBytes = 1000 }
    for (before, after, isCollapse) in [(1, 0, true), (3, 1, true), (2, 1, false)] {
      all[0].snapshot.manifest.chroma = summary(records: Int64(before))
      all[1].snapshot.manifest.chroma = summary(records: Int64(after))
      #expect(kept(all) { $0.last = 1 } == (isCollapse ? [0, 1] : [1]), "\(before) to \(after) records")
    }
  }

  @Test func reasonsSayWhy() {
    var all = candidates(3, everyHours: 30)
    all[0].isPinned = true
    var policy = KeepPolicy()
    policy.last = 1
    policy.daily = 2
    let reasons = policy.decide(all).map(\.reasons)
    #expect(reasons == [["pinned"], ["daily 2"], ["last 1", "daily 2", "last good"]])
  }

  @Test func anEmptyPolicyIsEmpty() {
    #expect(KeepPolicy().isEmpty)
    var policy = KeepPolicy()
    policy.within = 0
    #expect(!policy.isEmpty)
  }
}
