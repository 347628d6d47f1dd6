import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage
import Testing

@Suite struct AuditTests {
  private func entry(_ command: String, at seconds: Int64, snapshot: ChunkID? = nil, exitCode: Int32 = 0) -> AuditEntry
  {
    AuditEntry(
      time: Timestamp(seconds: seconds), duration: 0.5, command: command, arguments: [command, "ü"], hostname: "host",
      username: "me", exitCode: exitCode, snapshot: snapshot, program: "test")
  }

  private static let now = Timestamp.now.seconds

  @Test func entriesAreReadBackInTheirOrder() throws {
    let workshop = try Workshop()
    #expect(try !RecordAudit(entry("snapshot", at: Self.now)).run(in: workshop.location))
    try workshop.location.create()
    let entries = [
      entry("snapshot", at: Self.now - 90 * 86_400), entry("prune", at: Self.now - 1), entry("restore", at: Self.now),
    ]
    for entry in entries.reversed() { #expect(try RecordAudit(entry).run(in: workshop.location)) }
    var verb = ReadAudit()
    #expect(try verb.run(in: workshop.location) == entries)
    verb.last = 2
    #expect(try verb.run(in: workshop.location) == Array(entries.suffix(2)))
    verb.commands = ["snapshot", "prune"]
    #expect(try verb.run(in: workshop.location) == Array(entries.prefix(2)))
    #expect(try workshop.check().isSound)
  }

  @Test func forgetLeavesEntriesAlone() throws {
    let workshop = try Workshop()
    try workshop.write("a", [1])
    let snapshot = try workshop.snapshot()
    _ = try RecordAudit(entry("snapshot", at: Self.now, snapshot: snapshot.id)).run(in: workshop.location)
    try workshop.forget(snapshot)
    _ = try workshop.prune()
    #expect(try ReadAudit().run(in: workshop.location).map(\.snapshot) == [snapshot.id])
  }

  @Test func checkNamesAnEntryThatWasChanged() throws {
    let workshop = try Workshop()
    try workshop.location.create()
    _ = try RecordAudit(entry("snapshot", at: Self.now)).run(in: workshop.location)
    let object = try #require(try workshop.objects("audit").first)
    try workshop.damage(object, at: 20)
    #expect(try workshop.check().problems.map(\.code) == [.damagedAudit])
    #expect(try ReadAudit().run(in: workshop.location).isEmpty)
  }

  @Test func oldEntriesExpireAndTheNewestNever() {
    let now = Timestamp(seconds: 1_800_000_000)
    func object(daysAgo days: Int, _ number: Int = 0) -> String {
      let time = now.advanced(bySeconds: Int64(number) - Int64(days) * 86_400)
      return ObjectNames.audit(ChunkID(of: [UInt8(days & 255)]), time: time)
    }
    let old = (0..<50).map { object(daysAgo: 401, $0) }
    let young = (0..<AuditEntry.alwaysKept).map { object(daysAgo: 399, $0) }
    #expect(Array(AuditTrail.expired(old + young, at: now)) == old)
    #expect(AuditTrail.expired(young, at: now).isEmpty)
    // A clock that is decades ahead takes no more than what a right one leaves in plenty.
    let future = now.advanced(bySeconds: 20 * 365 * 86_400)
    #expect(AuditTrail.expired(young, at: future).isEmpty)
    #expect(AuditTrail.expired(old, at: now).isEmpty)
  }

  @Test func pruneRemovesWhatHasHadItsTime() throws {
    let workshop = try Workshop()
    try workshop.location.create()
    let trail = AuditTrail(at: workshop.location.place)
    for i in 0..<3 { try trail.append(entry("old", at: Self.now - 500 * 86_400 + Int64(i))) }
    for i in 0..<AuditEntry.alwaysKept { try trail.append(entry("new", at: Self.now - Int64(i))) }
    // What is not called as an entry is called is somebody else's.
    let old = try #require(try workshop.objects("audit").first)
    let folder = old.removingLastComponent()
    try FileSystem.makeFolder(folder.appending("a folder"))
    let stranger = folder.appending("._\(old.lastComponent?.string ?? "")")
    _ = try Descriptor(opening: stranger, .write, [.create])
    #expect(try workshop.prune().auditEntriesRemoved == 3)
    #expect(FileStatus.exists(stranger))
    #expect(Set(try ReadAudit().run(in: workshop.location).map(\.command)) == ["new"])
  }

  /// A later program's kinds of notes are nothing to stumble over: not for opening, check, forget or prune.
  @Test func notesOfUnknownKindsAreIgnored() throws {
    let workshop = try Workshop()
    try workshop.write("a", [1])
    let snapshot = try workshop.snapshot()
    do {
      let repository = try workshop.location.open(for: .write)
      try repository.add(Note(kind: Note.Kind(rawValue: "weather"), time: .now, snapshot: snapshot.id, text: "rain"))
      try repository.add(Note(kind: Note.Kind(rawValue: "weather"), time: .now, text: "sun"))
    }
    // With a fresh cache every note is read from the store.
    let location = workshop.location(cache: "other-cache")
    let repository = try location.open(for: .read)
    #expect(try repository.catalogue.notes(Note.Kind(rawValue: "weather")).count == 2)
    #expect(try repository.pinned().isEmpty)
    repository.releaseLock()
    #expect(try workshop.check(in: location).isSound)
    #expect(try workshop.restored(snapshot, in: location).count == 1)
    try workshop.forget(snapshot)
    _ = try workshop.prune()
    // What was about the snapshot went with it; the other one stays, beside what check has noted.
    #expect(try workshop.objects("notes").count == 2)
  }
}
