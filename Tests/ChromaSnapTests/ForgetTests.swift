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

  private func object(_ snapshot: Snapshot, in workshop: Workshop) -> FilePath {
    workshop.repositoryFolder.pushing(
      FilePath(ObjectNames.snapshot(snapshot.id, committed: snapshot.manifest.commitTime)))
  }

  private func listed(_ workshop: Workshop, cache: String) throws -> Int {
    try ListSnapshots().run(in: workshop.location(cache: cache)).snapshots.count
  }

  /// In another month's folder, or in its own by another time: such as a copy of the repository that went wrong leaves.
  @Test(arguments: ["2020-01", "own"]) func aSecondCopyOfAManifestIsNoSnapshot(_ month: String) throws {
    let (workshop, first, _) = try workshop()
    let object = object(first, in: workshop)
    let elsewhere = workshop.repositoryFolder.pushing("snapshots").pushing("2020-01")
    let folder = month == "own" ? object.removingLastComponent() : elsewhere
    try FileSystem.makeFolders(folder)
    let copy = folder.appending("20200101T000000.000000000Z-\(first.id).json")
    func makeCopy() throws {
      try Descriptor(opening: copy, .write, [.create]).write(try Descriptor(opening: object).readAll(limit: 1 << 20))
    }
    try makeCopy()
    for cache in ["cache", "new"] {
      #expect(try listed(workshop, cache: cache) == 3)
      let found = try workshop.check(in: workshop.location(cache: cache))
      #expect(found.problems.map(\.code) == [.damagedManifest] && found.hurt.isEmpty)
      #expect(found.problems.flatMap(\.affected).isEmpty)
    }
    _ = try workshop.prune()
    #expect(try RepairRepository().run(in: workshop.location).documents.mended.count == 1)
    #expect(try workshop.check().isSound)
    try makeCopy()
    var verb = ForgetSnapshots(KeepPolicy())
    verb.named = [SnapshotSelector(first.id.description)]
    #expect(try verb.run(in: workshop.location).forgotten == [first])
    #expect(!FileStatus.exists(copy))
    #expect(try listed(workshop, cache: "newer") == 2)
    #expect(try workshop.check().isSound)
  }

  /// The only copy is no second one: nothing goes before it is in its place again.
  @Test func aManifestInTheWrongPlaceIsPutBack() throws {
    let (workshop, first, _) = try workshop()
    let folder = workshop.repositoryFolder.pushing("snapshots").pushing("2020-01")
    try FileSystem.makeFolders(folder)
    let object = object(first, in: workshop)
    try FileSystem.rename(object, to: folder.appending(nameBytes: Array(object.lastComponent!.string.utf8)))
    for cache in ["cache", "new"] {
      #expect(try listed(workshop, cache: cache) == 2)
      #expect { try PruneRepository().run(in: workshop.location(cache: cache)) } throws: {
        ($0 as? SnapshotError)?.code == .damaged
      }
    }
    #expect(try RepairRepository().run(in: workshop.location).savedManifests == [first.id])
    #expect(try listed(workshop, cache: "new") == 3)
    #expect(try workshop.restored(first) == ["f": [1]])
    #expect(try workshop.check().isSound)
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
