import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage
import Testing

/// Gathering the facts from a real repository.
@Suite struct StatusTests {
  private static let day: Int64 = 86_400

  @Test func factsComeFromTheRepository() throws {
    let workshop = try Workshop()
    for i in 0..<5 {
      try workshop.write("file", [UInt8](repeating: UInt8(i), count: 2 << 20))
      try workshop.snapshot()
    }
    let report = try ExamineStatus().run(in: workshop.location)
    #expect(report.findings.isEmpty)
    #expect(report.facts.storedBytes > 0 && report.facts.freeBytes != nil)
    let source = try #require(report.facts.sources.first)
    #expect(report.facts.sources.count == 1 && source.snapshots == 5 && source.recent.count == 5)
    #expect(source.lastGood == source.recent.last)

    try FileSystem.removeFile(workshop.source.appending("file"))
    try workshop.write("other", [1])
    try workshop.snapshot()
    #expect(try ExamineStatus().run(in: workshop.location).findings.map(\.code) == [.size])
  }

  @Test func anyNumberOfRecentOnesMayBeAskedFor() throws {
    let workshop = try Workshop()
    try workshop.write("file", [1])
    try workshop.snapshot()
    var verb = ExamineStatus()
    verb.thresholds.recent = .max
    #expect(try verb.run(in: workshop.location).facts.sources[0].recent.count == 1)
  }

  @Test func theFutureIsNotTheLastGoodOne() throws {
    let workshop = try Workshop()
    try workshop.write("file", [1])
    let old = try workshop.snapshot(at: Timestamp.now.advanced(bySeconds: -3600))
    try workshop.write("file", [2])
    try workshop.snapshot(at: Timestamp.now.advanced(bySeconds: 400 * Self.day))
    let report = try ExamineStatus().run(in: workshop.location)
    #expect(report.findings.map(\.code) == [.clock])
    #expect(report.facts.sources[0].lastGood?.id == old.id)
  }

  @Test func anUnchangedSourceIsConfirmedByTheAuditTrail() throws {
    let workshop = try Workshop()
    try workshop.write("file", [1])
    let now = Timestamp.now
    let snapshot = try workshop.snapshot(at: now.advanced(bySeconds: -10 * Self.day))
    func codes() throws -> [StatusReport.Finding.Code] {
      try ExamineStatus().run(in: workshop.location).findings.map(\.code)
    }
    func ran(_ exitCode: Int32, hoursAgo: Int64, _ id: ChunkID) throws {
      let entry = AuditEntry(
        time: now.advanced(bySeconds: -hoursAgo * 3600), duration: 1, command: "auto", arguments: [], hostname: "h",
        username: "u", exitCode: exitCode, snapshot: id, program: "test")
      _ = try RecordAudit(entry).run(in: workshop.location)
    }
    #expect(try codes() == [.stale])
    try ran(1, hoursAgo: 1, snapshot.id)
    try ran(0, hoursAgo: 1, ChunkID(of: [9]))
    try ran(0, hoursAgo: 40, snapshot.id)
    #expect(try ExamineStatus().run(in: workshop.location).level == .warning)
    try ran(0, hoursAgo: 2, snapshot.id)
    #expect(try codes().isEmpty)
  }

  @Test func sourcesAreToldApart() throws {
    let workshop = try Workshop()
    let other = workshop.folder.appending("other")
    try FileSystem.makeFolders(other)
    try workshop.write("file", [1])
    try workshop.snapshot()
    try workshop.snapshot(at: Timestamp.now.advanced(bySeconds: -3 * Self.day), source: other)
    var verb = ExamineStatus()
    #expect(try verb.run(in: workshop.location).facts.sources.count == 2)
    #expect(try verb.run(in: workshop.location).level == .critical)
    verb.source = workshop.source
    #expect(try verb.run(in: workshop.location).level == .ok)
    verb.source = workshop.folder
    #expect(throws: SnapshotError.self) { try verb.run(in: workshop.location) }
  }
}
