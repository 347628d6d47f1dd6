import ChromaSnap
import ObjectStorage
import SeededNumbers
import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO
import SystemPackage
import Testing

/// The rules that keep data, each with the scenario in which it would be lost. The numbers are those of the durability page.
@Suite struct RuleTests {
  private static func database(_ seed: UInt64, _ count: Int = 600_000) -> [UInt8] {
    var random = SeededGenerator(seed)
    return Array("SQLite format 3\0".utf8) + random.text(count)
  }

  private static func changed(_ bytes: [UInt8], at offset: Int, _ seed: UInt64 = 9) -> [UInt8] {
    var random = SeededGenerator(seed)
    var result = bytes
    result.replaceSubrange(offset..<offset + 300, with: random.bytes(300))
    return result
  }

  // MARK: 1: known means restorable

  /// A patch that no snapshot needs outlives its base: it must not be deduplicated against.
  @Test func aGarbagePatchWhoseBaseWasSweptIsUnknown() throws {
    let workshop = try Workshop()
    let (old, new) = (Self.database(1), Self.changed(Self.database(1), at: 100_000))
    try workshop.write("db", old)
    let first = try workshop.snapshot()
    try workshop.write("db", new)
    let second = try workshop.snapshot()
    try workshop.write("db", Self.database(2))
    let third = try workshop.snapshot()
    // The first snapshot's packs go, the second's stay behind: as a sweep that was cut short would leave them.
    try workshop.forget(first)
    try workshop.forget(second)
    for pack in first.manifest.packs { try FileSystem.removeFile(Self.path(of: pack, in: workshop)) }
    try workshop.write("db", new)
    let fourth = try workshop.snapshot()
    #expect(try workshop.restored(fourth) == ["db": new])
    #expect(try workshop.restored(third)["db"] == Self.database(2))
  }

  /// A copied repository has the same id: what the catalogue of the one says must not be believed of the other.
  @Test func aCopiedRepositoryHasACatalogueOfItsOwn() throws {
    let workshop = try Workshop()
    try workshop.write("db", Self.database(1))
    try workshop.snapshot()
    let copy = workshop.folder.appending("copy")
    try Self.copy(workshop.repositoryFolder, to: copy)
    // The original learns a chunk that the copy never gets.
    try workshop.write("db", Self.database(2))
    try workshop.snapshot()
    let other = RepositoryLocation(folder: copy, caches: workshop.folder.appending("cache"), lockTimeout: 5)
    let there = try workshop.snapshot(in: other)
    #expect(try workshop.restored(there, in: other) == ["db": Self.database(2)])
    #expect(try workshop.check(in: other).isSound)
  }

  /// A repository that was rolled back to an older state, with the catalogue of the newer one.
  @Test func aRolledBackRepositoryIsSeenAsItIs() throws {
    let workshop = try Workshop()
    try workshop.write("db", Self.database(1))
    try workshop.snapshot()
    let backup = workshop.folder.appending("backup")
    try Self.copy(workshop.repositoryFolder, to: backup)
    try workshop.write("db", Self.database(2))
    try workshop.snapshot()
    try FileSystem.removeTree(workshop.repositoryFolder)
    try FileSystem.rename(backup, to: workshop.repositoryFolder)
    let again = try workshop.snapshot()
    #expect(try workshop.restored(again) == ["db": Self.database(2)])
    #expect(try workshop.check().isSound)
  }

  /// A pack that is lost: what was in it is stored anew although the file has not changed.
  @Test func aLostPackIsNoticedForAnUnchangedFile() throws {
    let workshop = try Workshop()
    try workshop.write("db", Self.database(1))
    try workshop.snapshot()
    sleepFor(seconds: 2.2)
    try workshop.snapshot()
    for pack in try workshop.objects("packs") { try FileSystem.removeFile(pack) }
    let healed = try workshop.snapshot()
    #expect(try workshop.restored(healed) == ["db": Self.database(1)])
  }

  /// A pack that could not be read when a catalogue met it: its permissions were wrong, or the disk was away.
  @Test func aPackThatCouldNotBeReadOnceIsTriedAgain() throws {
    let workshop = try Workshop()
    try workshop.write("db", Self.database(1))
    let first = try workshop.snapshot()
    let pack = try Self.largestPack(of: first, in: workshop)
    let bytes = try Descriptor(opening: pack).readAll(limit: 1 << 30)
    try Descriptor(opening: pack, .readWrite).resize(to: 100)
    workshop.location = workshop.location(cache: "new")
    _ = try workshop.location.open(for: .read)
    try Descriptor(opening: pack, .readWrite).write(bytes)
    #expect(try workshop.restored(first) == ["db": Self.database(1)])
    let summary = try TakeSnapshot(source: workshop.source).run(in: workshop.location)
    #expect(summary.chunksNew == 0)
    _ = try workshop.prune()
    #expect(try workshop.check().isSound)
  }

  // MARK: 2: no cycles

  /// Two writers, each of which makes a patch against what the other has whole.
  @Test func crossedBasesOfTwoWritersResolve() throws {
    let workshop = try Workshop()
    let (a, b) = (Self.database(1, 250_000), Self.changed(Self.database(1, 250_000), at: 5000))
    let two = workshop.folder.appending("two")
    try FileSystem.makeFolder(two)
    try workshop.write("db", a)
    let first = try workshop.snapshot()
    try Self.write(b, to: two.appending("db"))
    let other = try workshop.snapshot(source: two)
    // Each goes to what the other has; the catalogue is lost in between, so that copies of both kinds come up.
    try workshop.write("db", b)
    try Self.write(a, to: two.appending("db"))
    workshop.location = workshop.location(cache: "another")
    let (second, last) = (try workshop.snapshot(), try workshop.snapshot(source: two))
    try workshop.forget(first)
    try workshop.forget(other)
    _ = try workshop.prune()
    #expect(try workshop.restored(second) == ["db": b])
    #expect(try workshop.restored(last) == ["db": a])
    #expect(try workshop.check().isSound)
  }

  @Test func chainsAreBounded() throws {
    let workshop = try Workshop()
    var bytes = Self.database(1, 250_000)
    var all: [(Snapshot, [UInt8])] = []
    for i in 0..<40 {
      bytes = Self.changed(bytes, at: 1000 + 5000 * i, UInt64(i))
      try workshop.write("db", bytes)
      all.append((try workshop.snapshot(), bytes))
    }
    let repository = try workshop.location.open(for: .read)
    for pack in try repository.catalogue.packs() {
      for entry in try repository.catalogue.entries(of: pack) { #expect(Int(entry.depth) <= Limits.patchDepth) }
    }
    for (snapshot, expected) in [all[0], all[15], all[16], all[17], all[39]] {
      #expect(try workshop.restored(snapshot) == ["db": expected])
    }
  }

  // MARK: 3: no pack name ever recurs

  @Test func aRepackOfAFullyLivePackLosesNothing() throws {
    let workshop = try Workshop()
    var expected: [String: [UInt8]] = [:]
    for i in 0..<10 {
      expected["f\(i)"] = Self.database(UInt64(i), 3000)
      try workshop.write("f\(i)", expected["f\(i)"]!)
      try workshop.snapshot()
    }
    let before = Set(try workshop.objects("packs"))
    let summary = try workshop.prune()
    #expect(summary.packsWritten > 0)
    let after = Set(try workshop.objects("packs"))
    #expect(after.count < before.count)
    let latest = try #require(try ListSnapshots().run(in: workshop.location).snapshots.last?.snapshot)
    #expect(try workshop.restored(latest) == expected)
    #expect(try workshop.check().isSound)
  }

  // MARK: 4: prune has two phases

  /// Two snapshots of a database, of which the first is forgotten.
  private func workshopWithoutItsFirst() throws -> (Workshop, first: Snapshot) {
    let workshop = try Workshop()
    try workshop.write("db", Self.database(1))
    let first = try workshop.snapshot()
    try workshop.write("db", Self.database(2))
    try workshop.snapshot()
    try workshop.forget(first)
    return (workshop, first)
  }

  /// A snapshot that commits between the mark and the sweep needs what is condemned.
  @Test func aManifestBetweenMarkAndSweepIsSpared() throws {
    let (workshop, first) = try workshopWithoutItsFirst()
    // The first phase, as a prune that is killed before the second leaves it.
    do {
      let repository = try workshop.location.open(for: .delete)
      try repository.condemn(first.manifest.packs, replacements: [])
      // A snapshot that began before it, and knows nothing of it, commits a manifest that needs it.
      var manifest = first.manifest
      manifest.sequence = 10
      manifest.name = "resurrected"
      _ = try repository.commit(manifest)
    }
    let summary = try workshop.prune()
    #expect(summary.packsSpared > 0)
    let back = try SnapshotInfo.find(SnapshotSelector("resurrected"), in: workshop.location).snapshot
    #expect(try workshop.restored(back) == ["db": Self.database(1)])
  }

  /// What one interrupted prune wrote and another condemned stays, but no snapshot came to need it.
  @Test func whatIsNotNeededIsNotSpared() throws {
    let (workshop, first) = try workshopWithoutItsFirst()
    do {
      let repository = try workshop.location.open(for: .delete)
      try repository.condemn([], replacements: first.manifest.packs)
      try repository.condemn(first.manifest.packs, replacements: [])
    }
    #expect(try workshop.prune().packsSpared == 0)
    #expect(try workshop.check().isSound)
  }

  /// What is condemned is never relied on by a snapshot that begins afterwards.
  @Test func condemnedPacksAreNotReliedOn() throws {
    let (workshop, first) = try workshopWithoutItsFirst()
    do {
      let repository = try workshop.location.open(for: .delete)
      try repository.condemn(first.manifest.packs, replacements: [])
    }
    try workshop.write("db", Self.database(1))
    let again = try workshop.snapshot()
    // Whatever becomes of the condemned packs now.
    for pack in first.manifest.packs { try FileSystem.removeFile(Self.path(of: pack, in: workshop)) }
    #expect(try workshop.restored(again) == ["db": Self.database(1)])
    _ = try workshop.prune()
    #expect(try workshop.objects("condemned") == [])
    #expect(try workshop.check().isSound)
  }

  /// What an unreadable manifest needs is not known: nothing may go, and once it can be read again all is well.
  @Test func aPruneNeedsAllManifests() throws {
    let workshop = try Workshop()
    try workshop.write("db", Self.database(1))
    try workshop.snapshot()
    try workshop.write("only in this one", Self.database(7))
    let second = try workshop.snapshot()
    try FileSystem.removeFile(workshop.source.appending("only in this one"))
    try workshop.snapshot()
    let object = workshop.repositoryFolder.pushing(
      FilePath(ObjectNames.snapshot(second.id, committed: second.manifest.commitTime)))
    let bytes = try Descriptor(opening: object).readAll(limit: 1 << 20)
    func put(_ bytes: [UInt8]) throws {
      try FileSystem.removeFile(object)
      try Descriptor(opening: object, .write, [.create]).write(bytes)
    }
    try put(Array("garbage".utf8))
    for _ in 0..<2 {
      workshop.location = workshop.location(cache: "new")
      #expect { try workshop.prune() } throws: { ($0 as? SnapshotError)?.code == .damaged }
      #expect(try ListSnapshots().run(in: workshop.location).snapshots.count == 2)
      #expect(try ExamineStatus().run(in: workshop.location).facts.hurtSnapshots == 1)
    }
    try put(bytes)
    workshop.location = workshop.location(cache: "new")
    _ = try workshop.prune()
    #expect(try workshop.restored(second)["only in this one"] == Self.database(7))
    // One that is lost here stays, for another cache may have it, until somebody gives it up.
    try put(Array("garbage".utf8))
    workshop.location = workshop.location(cache: "newer")
    #expect(try RepairRepository().run(in: workshop.location).lostManifests == [second.id])
    #expect { try workshop.prune() } throws: { ($0 as? SnapshotError)?.code == .damaged }
    var forget = ForgetSnapshots(KeepPolicy())
    forget.named = [SnapshotSelector(second.id.short)]
    #expect(try forget.run(in: workshop.location).givenUp.count == 1)
    _ = try workshop.prune()
    #expect(try workshop.check().isSound)
  }

  @Test func aPruneWaitsForASnapshot() throws {
    let workshop = try Workshop()
    try workshop.write("db", Self.database(1))
    let first = try workshop.snapshot()
    try workshop.write("db", Self.database(2))
    let kept = try workshop.snapshot()
    try workshop.forget(first)
    let busy = try workshop.location.open(for: .write)
    workshop.location = workshop.location(cache: "cache", lockTimeout: 0.1)
    #expect { try workshop.prune() } throws: { ($0 as? SnapshotError)?.code == .locked }
    withExtendedLifetime(busy) {}
    #expect(try workshop.restored(kept) == ["db": Self.database(2)])
  }

  // MARK: 5: damage is not contagious

  @Test func aFlippedBitInABaseIsHealedByTheNextSnapshot() throws {
    let workshop = try Workshop()
    let old = Self.database(1)
    try workshop.write("db", old)
    let first = try workshop.snapshot()
    let new = Self.changed(old, at: 300_000)
    try workshop.write("db", new)
    let second = try workshop.snapshot()
    let pack = try Self.largestPack(of: first, in: workshop)
    try workshop.damage(pack, at: Self.size(pack) / 2)
    let found = try workshop.check()
    #expect(!found.isSound)
    #expect(Set(found.problems.flatMap(\.affected).map(\.snapshot)).isSubset(of: [first.id, second.id]))
    #expect(found.problems.allSatisfy { $0.pack != nil && $0.chunk != nil })
    #expect(found.problems.flatMap(\.affected).contains { $0.path == Array("db".utf8) })
    // The file has not changed, yet what is damaged is stored anew.
    let third = try workshop.snapshot()
    #expect(try workshop.restored(third) == ["db": new])
    // What the new copies bring back is whole again; nothing is restored wrong.
    for (snapshot, bytes) in [(first, old), (second, new)] {
      do { #expect(try workshop.restored(snapshot) == ["db": bytes]) } catch let error as SnapshotError {
        #expect(error.code == .damaged)
      }
    }
  }

  @Test func aFlippedBitThatNobodyHasNoticedIsNotInherited() throws {
    let workshop = try Workshop()
    let old = Self.database(1)
    try workshop.write("db", old)
    let first = try workshop.snapshot()
    let pack = try Self.largestPack(of: first, in: workshop)
    try workshop.damage(pack, at: 5000)
    // The base of the changed region is damaged: it is stored whole, and that is no failure.
    let new = Self.changed(old, at: 100)
    try workshop.write("db", new)
    let second = try workshop.snapshot()
    do { #expect(try workshop.restored(second) == ["db": new]) } catch let error as SnapshotError {
      #expect(error.code == .damaged)
    }
    _ = try workshop.check()
    let third = try workshop.snapshot()
    #expect(try workshop.restored(third) == ["db": new])
  }

  @Test func whatIsFoundDamagedWhileABatchIsStoredIsStoredAnew() throws {
    let workshop = try Workshop()
    var random = SeededGenerator(5)
    let old = random.bytes(20_000)
    try workshop.write("log", old)
    let first = try workshop.snapshot()
    let pack = try Self.largestPack(of: first, in: workshop)
    try workshop.damage(pack, at: 5000)
    // The log is rotated: what is damaged is the base of the one, and all of the other, read together.
    let new = Self.changed(old, at: 100)
    try workshop.write("log", new)
    try workshop.write("log.1", old)
    let second = try workshop.snapshot()
    #expect(try workshop.restored(second) == ["log": new, "log.1": old])
  }

  @Test(arguments: [false, true])
  func whatASnapshotOrAnImportMeetsDamagedIsUnknownToTheNext(imports: Bool) throws {
    let workshop = try Workshop()
    var random = SeededGenerator(5)
    let old = random.bytes(20_000)
    try workshop.write("log", old)
    let first = try workshop.snapshot()
    try workshop.damage(try Self.largestPack(of: first, in: workshop), at: 5000)
    // The damaged chunk is a base: what is stored now is stored whole.
    if imports {
      let folder = workshop.folder.appending("log_20250101_000000")
      try FileSystem.makeFolders(folder)
      try Self.write(Self.changed(old, at: 100), to: folder.appending("log"))
      try Self.write(Self.database(1, 1000), to: folder.appending("chroma.sqlite3"))
      var verb = ImportBackup(try #require(try FindBackups([folder]).run().backups.first))
      verb.source = workshop.source
      _ = try verb.run(in: workshop.location)
    } else {
      try workshop.write("log", Self.changed(old, at: 100))
      try workshop.snapshot()
    }
    // Nobody has checked, and what was damaged is stored anew.
    try workshop.write("log.1", old)
    #expect(try workshop.restored(try workshop.snapshot())["log.1"] == old)
    #expect(try workshop.restored(first) == ["log": old])
  }

  /// Cuts off a pack's table: only this catalogue still knows what lies where in it.
  private static func cutTable(off pack: FilePath) throws {
    try Descriptor(opening: pack, .readWrite).resize(to: size(pack) - 40)
  }

  @Test func aRepairTriesEveryCopy() throws {
    let workshop = try Workshop()
    var random = SeededGenerator(5)
    let bytes = random.bytes(20_000)
    try workshop.write("f", bytes)
    let first = try workshop.snapshot()
    try workshop.damage(try Self.largestPack(of: first, in: workshop), at: 5000)
    #expect(try !workshop.check().isSound)
    let second = try workshop.snapshot()
    try Self.cutTable(off: try Self.largestPack(of: second, in: workshop))
    try FileSystem.removeTree(workshop.source)
    #expect(try !workshop.check().isSound)
    let repaired = try RepairRepository().run(in: workshop.location)
    #expect(Set(repaired.healed.map(\.id)) == [first.id, second.id])
    workshop.location = workshop.location(cache: "new")
    #expect(try workshop.restored(second) == ["f": bytes])
  }

  /// A good copy of a pack, put back under its name.
  @Test func aPackThatIsPutBackIsFound() throws {
    let workshop = try Workshop()
    try workshop.write("db", Self.database(1))
    let first = try workshop.snapshot()
    let pack = try Self.largestPack(of: first, in: workshop)
    let bytes = try Descriptor(opening: pack).readAll(limit: 1 << 30)
    func check(_ reading: CheckRepository.DataReading) throws -> CheckRepository.Summary {
      var verb = CheckRepository()
      verb.reading = reading
      return try verb.run(in: workshop.location)
    }
    func putBack() throws { try Descriptor(opening: pack, .readWrite).write(bytes) }
    for repairs in [false, true] {
      try Descriptor(opening: pack, .readWrite).resize(to: 1000)
      #expect(try !check(.none).isSound)
      try putBack()
      if repairs { #expect(try RepairRepository().run(in: workshop.location).healed == [first]) }
      #expect(try check(.none).isSound)
      let facts = try ExamineStatus().run(in: workshop.location).facts
      #expect(facts.damagedPacks == 0 && facts.hurtSnapshots == 0)
    }
    // What was noted of single chunks stands until they are read again.
    try workshop.damage(pack, at: 5000)
    #expect(try !check(.all).isSound)
    try putBack()
    let found = try check(.none).problems
    #expect(!found.isEmpty && found.allSatisfy { $0.pack != nil && $0.message.contains("check --read-data") })
    #expect(try check(.all).isSound)
    #expect(try workshop.restored(first) == ["db": Self.database(1)])
  }

  @Test func aRepairStoresWhatIsNeeded() throws {
    let workshop = try Workshop()
    var random = SeededGenerator(5)
    let needed = random.bytes(20_000)
    try workshop.write("needed", needed)
    try workshop.write("other", random.bytes(20_000))
    let first = try workshop.snapshot()
    try FileSystem.removeFile(workshop.source.appending("other"))
    let second = try workshop.snapshot()
    try workshop.forget(first)
    try Self.cutTable(off: try Self.largestPack(of: first, in: workshop))
    try FileSystem.removeTree(workshop.source)
    #expect(try !workshop.check().isSound)
    #expect(try RepairRepository().run(in: workshop.location).chunksSaved == 1)
    #expect(try workshop.restored(second) == ["needed": needed])
  }

  // MARK: 6: order is not the clock

  @Test func aClockThatStepsBackChangesNoOrder() throws {
    let workshop = try Workshop()
    let start = Timestamp.now
    var taken: [Snapshot] = []
    for (i, offset) in [0, -86_400, -3600, -200_000].enumerated() {
      try workshop.write("f", [UInt8(i)])
      taken.append(try workshop.snapshot(at: start.advanced(bySeconds: Int64(offset))))
    }
    #expect(taken.map(\.manifest.sequence) == [1, 2, 3, 4])
    #expect(zip(taken, taken.dropFirst()).allSatisfy { $1.manifest.parent == $0.id })
    let result = try workshop.forget(keepLast: 2)
    #expect(result.kept.map(\.id) == taken.suffix(2).map(\.id))
    #expect(try SnapshotInfo.find(SnapshotSelector("latest"), in: workshop.location).snapshot.id == taken[3].id)
    #expect(try SnapshotInfo.find(SnapshotSelector("latest~1"), in: workshop.location).snapshot.id == taken[2].id)
  }

  @Test func aSnapshotFromTheFutureStopsForget() throws {
    let workshop = try Workshop()
    try workshop.write("f", [1])
    try workshop.snapshot()
    try workshop.write("f", [2])
    try workshop.snapshot(at: Timestamp(seconds: 2_147_483_648))
    var verb = TakeSnapshot(source: workshop.source)
    verb.name = "now"
    let summary = try verb.run(in: workshop.location)
    #expect(summary.warnings.map(\.code) == [.clock])
    #expect { try workshop.forget(keepLast: 1) } throws: { ($0 as? SnapshotError)?.code == .clock }
    var policy = KeepPolicy()
    policy.last = 1
    var forget = ForgetSnapshots(policy)
    forget.trustsClock = true
    #expect(try forget.run(in: workshop.location).kept.map(\.id) == [summary.snapshot?.id])
  }

  /// An older snapshot than the one that was asked for would look like success.
  @Test func theLatestIsNoOlderOneWhereItCanNotBeRead() throws {
    let workshop = try Workshop()
    var taken: [Snapshot] = []
    for i in 0..<4 {
      try workshop.write("f", [UInt8(i)])
      taken.append(try workshop.snapshot())
    }
    func object(_ snapshot: Snapshot) -> FilePath {
      workshop.repositoryFolder.pushing(
        FilePath(ObjectNames.snapshot(snapshot.id, committed: snapshot.manifest.commitTime)))
    }
    func find(_ text: String, cache: String, asOf: Timestamp? = nil) throws -> ChunkID {
      try SnapshotInfo.find(SnapshotSelector(text, asOf: asOf), in: workshop.location(cache: cache)).snapshot.id
    }
    // One that is older than what is meant does not matter.
    try workshop.damage(object(taken[0]), at: 20)
    #expect(try find("latest", cache: "a") == taken[3].id)
    #expect(try find("latest~2", cache: "a") == taken[1].id)
    try workshop.damage(object(taken[3]), at: 20)
    for text in ["latest", "latest~1"] {
      #expect { try find(text, cache: "b") } throws: { ($0 as? SnapshotError)?.code == .damaged }
    }
    #expect { try find("latest", cache: "b", asOf: .now) } throws: { ($0 as? SnapshotError)?.code == .damaged }
    #expect(try find(taken[2].id.short, cache: "b") == taken[2].id)
    #expect(try find(taken[1].manifest.name, cache: "b") == taken[1].id)
    // Where there is nothing else, nothing is not the answer either.
    for snapshot in taken[1...2] { try workshop.damage(object(snapshot), at: 20) }
    #expect { try find("latest", cache: "c") } throws: { ($0 as? SnapshotError)?.code == .damaged }
  }

  /// Of two that run side by side the one that commits while the other begins is its parent, and nobody's clock is wrong.
  @Test func aSnapshotOfAMomentAgoIsNotFromTheFuture() throws {
    let workshop = try Workshop()
    try workshop.write("f", [1])
    try workshop.location.create()
    let (source, location) = (workshop.source, workshop.location)
    let start = Timestamp.now
    let looks = Atomic(0)
    var verb = TakeSnapshot(source: source)
    verb.now = {
      let look = looks.add(1, ordering: .relaxed).newValue
      if look == 1 {
        var other = TakeSnapshot(source: source)
        other.now = { start.advanced(bySeconds: 1) }
        _ = try? other.run(in: location)
      }
      return start.advanced(bySeconds: look == 1 ? 0 : 2)
    }
    let summary = try verb.run(in: location)
    #expect(summary.parent != nil)
    #expect(summary.warnings.isEmpty)
  }

  @Test func equalTimestampsAreOrderedBySequence() throws {
    let workshop = try Workshop()
    let time = Timestamp(seconds: 1_790_000_000)
    var taken: [Snapshot] = []
    for i in 0..<5 {
      try workshop.write("f", [UInt8(i)])
      taken.append(try workshop.snapshot(at: time))
    }
    #expect(Set(taken.map(\.manifest.name)).count == 5)
    #expect(try workshop.forget(keepLast: 2).kept.map(\.id) == taken.suffix(2).map(\.id))
  }

  // MARK: 7: retention cannot be starved

  @Test func anEmptyDatabaseDoesNotRotateTheRealOneOut() throws {
    let workshop = try Workshop()
    try workshop.write("db", Self.database(1))
    let real = try workshop.snapshot()
    var last: Snapshot?
    for i in 0..<8 {
      try workshop.write("db", [UInt8(i)])
      last = try workshop.snapshot()
      _ = try workshop.forget(keepLast: 3)
    }
    let kept = try ListSnapshots().run(in: workshop.location).snapshots.map(\.snapshot.id)
    #expect(kept.contains(real.id) && kept.count == 4)
    _ = try workshop.prune()
    #expect(try workshop.restored(real) == ["db": Self.database(1)])
    // Once it is said that this was intended, the rotation goes on.
    var policy = KeepPolicy()
    policy.last = 1
    var forget = ForgetSnapshots(policy)
    let after = try ListSnapshots().run(in: workshop.location).snapshots[1].snapshot
    forget.acknowledged = [SnapshotSelector(after.id.description)]
    #expect(try forget.run(in: workshop.location).kept.map(\.id) == [last?.id])
  }

  @Test func aSnapshotThatCheckFoundHurtIsNotGood() throws {
    let workshop = try Workshop()
    try workshop.write("a", Self.database(1))
    let good = try workshop.snapshot()
    try workshop.write("b", Self.database(2))
    let bad = try workshop.snapshot()
    for pack in bad.manifest.packs {
      let path = Self.path(of: pack, in: workshop)
      if Self.size(path) > 10_000 { try workshop.damage(path, at: Self.size(path) / 2) }
    }
    #expect(try !workshop.check().isSound)
    let result = try workshop.forget(keepLast: 1)
    #expect(Set(result.kept.map(\.id)) == [good.id, bad.id])
  }

  /// What was stored anew makes a hurt snapshot whole, though no check has said so: it must not pass for worthless.
  @Test func aSnapshotThatIsWholeAgainIsNotRotatedOut() throws {
    let workshop = try Workshop()
    try workshop.write("db", Self.database(1))
    let first = try workshop.snapshot()
    try workshop.write("b", [1])
    let real = try workshop.snapshot()
    try workshop.damage(try Self.largestPack(of: first, in: workshop), at: 5000)
    #expect(Set(try workshop.check().hurt.map(\.id)) == [first.id, real.id])
    var verb = TakeSnapshot(source: workshop.source)
    verb.skipIfUnchanged = true
    #expect(try verb.run(in: workshop.location).snapshot == nil)
    try workshop.write("db", [])
    try FileSystem.removeFile(workshop.source.appending("b"))
    let empty = try workshop.snapshot()
    var dry = ForgetSnapshots(KeepPolicy())
    dry.policy.last = 1
    dry.isDryRun = true
    let notes = try workshop.objects("notes")
    #expect(Set(try dry.run(in: workshop.location).kept.map(\.id)) == [real.id, empty.id])
    #expect(try workshop.objects("notes") == notes)
    #expect(Set(try workshop.forget(keepLast: 1).kept.map(\.id)) == [real.id, empty.id])
    #expect(try workshop.restored(real) == ["db": Self.database(1), "b": [1]])
    #expect(try ExamineStatus().run(in: workshop.location).facts.hurtSnapshots == 0)
  }

  /// The same where the pack that was missing has been put back.
  @Test func aSnapshotThatARepairFindsWholeIsNoLongerHurt() throws {
    let workshop = try Workshop()
    try workshop.write("db", Self.database(1))
    let real = try workshop.snapshot()
    try workshop.write("db", [])
    try workshop.snapshot()
    let pack = try Self.largestPack(of: real, in: workshop)
    let away = workshop.folder.appending("pack")
    try FileSystem.rename(pack, to: away)
    #expect(try workshop.check().hurt.map(\.id) == [real.id])
    var forget = ForgetSnapshots(KeepPolicy())
    forget.isDryRun = true
    forget.named = [SnapshotSelector(real.id.description)]
    try FileSystem.rename(away, to: pack)
    // It is the last good one before a collapse.
    #expect { try forget.run(in: workshop.location) } throws: { ($0 as? SnapshotError)?.code == .protected }
    #expect(try RepairRepository().run(in: workshop.location).hurt.isEmpty)
    #expect(try ExamineStatus().run(in: workshop.location).facts.hurtSnapshots == 0)
  }

  // MARK: 8: unchanged is a claim

  /// A file that is changed within the clock's tick, with its old times put back.
  @Test func aFileThatWasYoungIsReadAgain() throws {
    let workshop = try Workshop()
    try workshop.write("f", [1, 2, 3])
    try workshop.snapshot()
    try workshop.write("f", [4, 5, 6])
    let second = try workshop.snapshot()
    #expect(try workshop.restored(second) == ["f": [4, 5, 6]])
  }

  @Test func anOldUnchangedFileIsNotRead() throws {
    let workshop = try Workshop()
    try workshop.write("f", [1, 2, 3])
    sleepFor(seconds: 2.1)
    _ = try TakeSnapshot(source: workshop.source).run(in: workshop.location)
    let summary = try TakeSnapshot(source: workshop.source).run(in: workshop.location)
    #expect(summary.unchanged && summary.bytesRead == 0 && summary.filesUnmodified == 1)
  }

  // MARK: 9: adopted packs

  /// What an interrupted run has packed is found and used, and made durable before a manifest relies on it.
  @Test func whatAnInterruptedRunPackedIsFound() throws {
    let workshop = try Workshop()
    try workshop.write("db", Self.database(1))
    let lost = try workshop.snapshot()
    // As if the run had been killed just before its manifest: packs without one, and a catalogue that never saw them.
    for manifest in try workshop.objects("snapshots") { try FileSystem.removeFile(manifest) }
    let other = workshop.location(cache: "fresh")
    let summary = try TakeSnapshot(source: workshop.source).run(in: other)
    #expect(summary.chunksNew == 0 && summary.bytesStored == 0)
    let repository = try other.open(for: .read)
    #expect(try repository.catalogue.unsecured(among: Set(lost.manifest.packs)) == [])
  }

  // MARK: 11: commit first

  /// Whatever the disk refuses and whenever: older snapshots stay whole, and the next run goes through.
  @Test func aStoreThatFailsAtAnyStepLosesNothing() throws {
    let workshop = try Workshop()
    let store = FaultyStore()
    let location = RepositoryLocation(
      place: Repository.Place(
        store: store, name: "memory", caches: workshop.folder.appending("cache"), lockTimeout: 1))
    try location.create()
    try workshop.write("db", Self.database(1))
    let first = try workshop.snapshot(in: location)
    var failures = 0
    for step in 0... {
      let bytes = Self.database(UInt64(step + 10), 300_000)
      try workshop.write("db", bytes)
      store.fail(afterWrites: step)
      do {
        let done = try workshop.snapshot(in: location)
        store.heal()
        #expect(try workshop.restored(done, in: location) == ["db": bytes])
        break
      } catch let error as SnapshotError {
        #expect(error.code == .noSpace)
        failures += 1
      }
      store.heal()
      #expect(try workshop.restored(first, in: location) == ["db": Self.database(1)])
      let next = try workshop.snapshot(in: location)
      #expect(try workshop.restored(next, in: location) == ["db": bytes])
    }
    #expect(failures > 2)
  }

  // MARK: -

  private static func largestPack(of snapshot: Snapshot, in workshop: Workshop) throws -> FilePath {
    try #require(snapshot.manifest.packs.map { path(of: $0, in: workshop) }.max { size($0) < size($1) })
  }

  private static func path(of pack: ChunkID, in workshop: Workshop) -> FilePath {
    workshop.repositoryFolder.pushing(FilePath(ObjectNames.pack(pack)))
  }

  private static func size(_ path: FilePath) -> UInt64 { (try? FileStatus(at: path).size) ?? 0 }

  private static func write(_ bytes: [UInt8], to path: FilePath) throws {
    let file = try Descriptor(opening: path, .write, [.create, .truncate])
    try file.write(bytes)
  }

  private static func copy(_ from: FilePath, to: FilePath) throws {
    try FileSystem.makeFolder(to)
    for name in try DirectoryReader.names(in: from) {
      let (a, b) = (from.appending(nameBytes: name), to.appending(nameBytes: name))
      if try FileStatus(at: a).kind == .directory {
        try copy(a, to: b)
      } else {
        try write(try Descriptor(opening: a).readAll(limit: 1 << 30), to: b)
      }
    }
  }
}
