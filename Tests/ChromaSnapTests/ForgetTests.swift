import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage
import Testing

/// What the verb forgets beyond what the policy decides (``KeepPolicyTests``).
@Suite struct ForgetTests {
  /// Two snapshots of one source, and one of another.
  private func workshop() throws -> (Workshop, first: Snapshot, other: FilePath) {
    let workshop = try Workshop()
    try workshop.write("f", [1])
    let first = try workshop.snapshot()
    try workshop.write("f", [2])
    try workshop.snapshot()
    let other = workshop.folder.appending("other")
    try FileSystem.makeFolder(other)
    try workshop.snapshot(source: other)
    return (workshop, first, other)
  }

  @Test func whatIsNamedGoesWhateverItsSource() throws {
    let (workshop, first, other) = try workshop()
    var verb = ForgetSnapshots(KeepPolicy())
    verb.named = [SnapshotSelector(first.id.description)]
    verb.source = other
    #expect(try verb.run(in: workshop.location).forgotten == [first])
  }

  @Test func aPruneMayLeaveAnyAmountUnused() throws {
    let (workshop, first, _) = try workshop()
    try workshop.forget(first)
    for limit in [1e300, .infinity] { #expect(try workshop.prune(maxUnused: limit).plan.packsRepacked == 0) }
  }

  /// A forget removes manifests first, and may be killed before it comes to their notes.
  @Test func notesThatAKilledForgetLeftGoWithTheNextPrune() throws {
    let (workshop, first, _) = try workshop()
    _ = try PinSnapshot(SnapshotSelector(first.id.description), isPinned: true).run(in: workshop.location)
    let object = ObjectNames.snapshot(first.id, committed: first.manifest.commitTime)
    #expect(try workshop.objects("notes").count == 1)
    _ = try workshop.prune()
    #expect(try workshop.objects("notes").count == 1)
    try FileSystem.removeFile(workshop.repositoryFolder.pushing(FilePath(object)))
    _ = try workshop.prune()
    #expect(try workshop.objects("notes").isEmpty)
  }

  @Test func aDryPruneTakesForForgottenWhatItIsTold() throws {
    let (workshop, first, _) = try workshop()
    var verb = PruneRepository()
    (verb.isDryRun, verb.maxUnused) = (true, 0)
    #expect(try verb.run(in: workshop.location).plan.bytesFreed == 0)
    verb.takenForForgotten = [first.id]
    let expected = try verb.run(in: workshop.location).plan.bytesFreed
    #expect(expected > 0)
    // However much may be unused, it is a number like any other.
    verb.maxUnused = 1e30
    #expect(try verb.run(in: workshop.location).plan.packsRepacked == 0)
    verb.maxUnused = 0
    // What is really there is never swept by it.
    verb.isDryRun = false
    #expect(try verb.run(in: workshop.location).plan.bytesFreed == 0)
    #expect(try workshop.restored(first) == ["f": [1]])
    try workshop.forget(first)
    #expect(try workshop.prune().plan.bytesFreed == expected)
  }
}
