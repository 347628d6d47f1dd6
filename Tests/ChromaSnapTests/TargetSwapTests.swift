import ChromaSnap
import SeededNumbers
import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO
import SystemPackage
import Testing

/// The swap of a restore (rule 10): cut short before any step, the next command finds one of the two folders whole.
@Suite struct TargetSwapTests {
  private struct Crash {
    static let error = SystemError(.interrupted, call: "test")
  }

  @Test(arguments: [SwapPlace.Way.folder, .entries]) func anInterruptedSwapIsFinished(_ way: SwapPlace.Way) throws {
    for step in 0... {
      let workshop = try Workshop()
      let old: [String: [UInt8]] = ["a": [1], "both": [2], "folder/x": [3]]
      let new: [String: [UInt8]] = ["b": [4], "both": [5], "folder/y": [6]]
      for (name, bytes) in old { try workshop.write(name, bytes) }
      let place = try SwapPlace(target: workshop.source, way: way)
      let staged = place.newStaging()
      for (name, bytes) in new {
        let path = staged.pushing(FilePath(name))
        try FileSystem.makeFolders(path.removingLastComponent())
        let file = try Descriptor(opening: path, .write, [.create])
        try file.write(bytes)
      }
      var left = step
      var isDone = false
      do throws(SystemError) {
        let kept = try TargetSwap.perform(staged: staged, at: place) { () throws(SystemError) in
          left -= 1
          if left < 0 { throw Crash.error }
        }
        #expect(kept)
        isDone = true
      } catch { #expect(error == Crash.error) }
      let replayed = try TargetSwap.replay(workshop.source)
      let there = try workshop.contents(of: workshop.source).filter { !$0.key.hasPrefix(".chromasnap-") }
      // Before the journal nothing has happened; from then on everything does.
      #expect(there == (isDone || replayed ? new : old), "step \(step)")
      if isDone || replayed {
        #expect(try workshop.contents(of: place.kept) == old, "step \(step)")
        #expect(try TargetSwap.replay(workshop.source) == false)
        try UndoRestore(workshop.source).run()
        let back = try workshop.contents(of: workshop.source).filter { !$0.key.hasPrefix(".chromasnap-") }
        #expect(back == old)
        try UndoRestore(workshop.source).run()
        let again = try workshop.contents(of: workshop.source).filter { !$0.key.hasPrefix(".chromasnap-") }
        #expect(again == new)
      }
      if isDone {
        #expect(step >= 4)
        return
      }
    }
  }

  /// A step that fails ends the swap: all is as it was, what an earlier swap has kept too.
  @Test(arguments: [(SwapPlace.Way.folder, [2, 3]), (.entries, [5, 6])])
  func aSwapThatFailsIsTakenBack(_ way: SwapPlace.Way, _ steps: [Int]) throws {
    for step in steps {
      let workshop = try Workshop()
      let states: [[String: [UInt8]]] = [["a": [1], "b": [1]], ["a": [2], "c": [2]], ["a": [3], "d": [3]]]
      for (name, bytes) in states[0] { try workshop.write(name, bytes) }
      let place = try SwapPlace(target: workshop.source, way: way)
      func stage(_ state: [String: [UInt8]]) throws -> FilePath {
        let staged = place.newStaging()
        try FileSystem.makeFolders(staged)
        for (name, bytes) in state { try Descriptor(opening: staged.appending(name), .write, [.create]).write(bytes) }
        return staged
      }
      func there() throws -> [String: [UInt8]] {
        try workshop.contents(of: workshop.source).filter { !$0.key.hasPrefix(".chromasnap-") }
      }
      _ = try TargetSwap.perform(staged: try stage(states[1]), at: place)
      let staged = try stage(states[2])
      var left = step
      #expect {
        try TargetSwap.perform(staged: staged, at: place) {
          left -= 1
          guard left == 0 else { return }
          // What is to be moved next is not there.
          if way == .folder { try? FileSystem.removeTree(staged) }
          for name in states[2].keys { try? FileSystem.removeFile(staged.appending(name)) }
        }
      } throws: { ($0 as? SystemError)?.errno == .noSuchFileOrDirectory }
      #expect(!FileStatus.exists(place.journal))
      #expect(try there() == states[1], "step \(step)")
      #expect(try workshop.contents(of: place.kept) == states[0], "step \(step)")
      try UndoRestore(workshop.source).run()
      #expect(try there() == states[0])
    }
  }

  /// A journal of another version may mean other steps: it is left to the program that wrote it.
  @Test func aJournalOfAnotherVersionIsRefused() throws {
    let workshop = try Workshop()
    try workshop.write("f", [1])
    let place = try SwapPlace(target: workshop.source)
    let journal = Array(#"{"isTakenBack":false,"steps":[],"version":3}"#.utf8)
    try Descriptor(opening: place.journal, .write, [.create]).write(journal)
    #expect { try TargetSwap.replay(workshop.source) } throws: { ($0 as? SnapshotError)?.code == .unsupported }
    #expect(try Descriptor(opening: place.journal).readAll(limit: 1000) == journal)
    #expect(try workshop.contents(of: workshop.source) == ["f": [1]])
  }

  /// Nobody loses backups by a restore: a repository in the directory stays where it is, and is never restored over.
  @Test func aRepositoryInTheTargetStays() throws {
    let workshop = try Workshop()
    try workshop.write("f", [1])
    let inside = workshop.source.appending("backups")
    let location = RepositoryLocation(folder: inside, caches: workshop.folder.appending("cache-2"), lockTimeout: 20)
    try location.create()
    let snapshot = try workshop.snapshot(in: location)
    func files() throws -> [String: [UInt8]] {
      try workshop.contents(of: workshop.source).filter {
        !$0.key.hasPrefix(".chromasnap-") && !$0.key.hasPrefix("backups/")
      }
    }
    for round in 0..<2 {
      try workshop.write("f", [2, UInt8(round)])
      try workshop.write("g", [3])
      var restore = RestoreSnapshot(SnapshotSelector(snapshot.id.description), to: nil)
      restore.keepsUndo = round == 0
      let summary = try restore.run(in: location)
      #expect(try files() == ["f": [1]])
      #expect(
        try SnapshotSelector(try #require(summary.safetySnapshot).id.description).find(in: location.open(for: .read)).id
          == summary.safetySnapshot?.id)
      if round == 0 {
        try UndoRestore(workshop.source).run()
        #expect(try files() == ["f": [2, 0], "g": [3]])
      }
    }
    func refused(_ target: FilePath) {
      var restore = RestoreSnapshot(SnapshotSelector(snapshot.id.description), to: target)
      restore.replacesTarget = true
      #expect { try restore.run(in: location) } throws: { ($0 as? SnapshotError)?.code == .usage }
    }
    refused(inside)
    refused(inside.appending("packs"))
    refused(workshop.folder)
    refused("/")
    #expect(try ListSnapshots().run(in: location).snapshots.count == 3)
  }

  @Test func aRestoreIntoAFullTargetIsRefusedUnlessAskedFor() throws {
    let workshop = try Workshop()
    try workshop.write("f", [1])
    let snapshot = try workshop.snapshot()
    let target = workshop.folder.appending("target")
    try FileSystem.makeFolder(target)
    try Descriptor(opening: target.appending("mine"), .write, [.create]).write([9])
    var restore = RestoreSnapshot(SnapshotSelector(snapshot.id.description), to: target)
    #expect { try restore.run(in: workshop.location) } throws: { ($0 as? SnapshotError)?.code == .targetExists }
    #expect(try workshop.contents(of: target) == ["mine": [9]])
    restore.replacesTarget = true
    #expect(try restore.run(in: workshop.location).undoAvailable)
    #expect(try workshop.contents(of: target) == ["f": [1]])
    try UndoRestore(target).run()
    #expect(try workshop.contents(of: target) == ["mine": [9]])
  }

  @Test func aSymbolicLinkAsTargetIsFollowed() throws {
    let workshop = try Workshop()
    try workshop.write("f", [1])
    let snapshot = try workshop.snapshot()
    let real = workshop.folder.appending("real")
    try FileSystem.makeFolder(real)
    let link = workshop.folder.appending("link")
    try FileSystem.makeSymbolicLink(to: Array("real".utf8), at: link)
    _ = try RestoreSnapshot(SnapshotSelector(snapshot.id.description), to: link).run(in: workshop.location)
    #expect(try FileStatus(at: link, following: false).kind == .symbolicLink)
    #expect(try workshop.contents(of: real) == ["f": [1]])
  }

  /// On a file system that can't exchange there is a moment with nothing at the target: a link to it leads nowhere then.
  @Test func aLinkToWhatAnInterruptedSwapHasMovedIsFollowed() throws {
    let workshop = try Workshop()
    try workshop.write("f", [1])
    let place = try SwapPlace(target: workshop.source)
    let staged = place.newStaging()
    try FileSystem.makeFolder(staged)
    try Descriptor(opening: staged.appending("g"), .write, [.create]).write([2])
    var left = 1
    #expect(throws: Crash.error) {
      try TargetSwap.perform(staged: staged, at: place) { () throws(SystemError) in
        left -= 1
        if left < 0 { throw Crash.error }
      }
    }
    try FileSystem.rename(workshop.source, to: place.kept)
    let link = workshop.folder.appending("link")
    try FileSystem.makeSymbolicLink(to: Array("source".utf8), at: link)
    #expect(try TargetSwap.replay(link))
    #expect(try workshop.contents(of: workshop.source) == ["g": [2]])
    #expect(try workshop.contents(of: place.kept) == ["f": [1]])
  }

  /// A target whose entries are exchanged stays itself, and becomes as the folder was that comes.
  @Test func theAttributesOfTheFolderItselfAreExchangedToo() throws {
    let workshop = try Workshop()
    // Version 2; tag, permissions and id of owner, user 1234, group, mask and others.
    let list: [(UInt8, UInt8, [UInt8])] = [
      (1, 7, [255, 255, 255, 255]), (2, 7, [0xD2, 4, 0, 0]), (4, 5, [255, 255, 255, 255]),
      (16, 7, [255, 255, 255, 255]), (32, 5, [255, 255, 255, 255]),
    ]
    let access = ExtendedAttribute(
      name: Array("system.posix_acl_default".utf8), value: [2, 0, 0, 0] + list.flatMap { [$0.0, 0, $0.1, 0] + $0.2 })
    let old = ExtendedAttribute(name: Array("user.old".utf8), value: [1])
    let both = ExtendedAttribute(name: Array("user.both".utf8), value: [2])
    let new = ExtendedAttribute(name: Array("user.both".utf8), value: [3])
    let place = try SwapPlace(target: workshop.source, way: .entries)
    let staged = place.newStaging()
    try FileSystem.makeFolder(staged)
    for attribute in [old, both] { try attribute.set(at: workshop.source) }
    for attribute in [access, new] { try attribute.set(at: staged) }
    _ = try TargetSwap.perform(staged: staged, at: place)
    #expect(ExtendedAttribute.all(at: workshop.source) == [access, new])
    #expect(ExtendedAttribute.all(at: place.kept) == [both, old])
    try UndoRestore(workshop.source).run()
    #expect(ExtendedAttribute.all(at: workshop.source) == [both, old])
    #expect(ExtendedAttribute.all(at: place.kept) == [access, new])
  }

  /// What a swap moves is called as what is staged for a moment, and nobody has it locked.
  @Test(arguments: [SwapPlace.Way.folder, .entries]) func cleaningLeavesAloneWhatASwapMoves(
    _ way: SwapPlace.Way
  ) throws {
    let workshop = try Workshop()
    try workshop.write("f", [0])
    let place = try SwapPlace(target: workshop.source, way: way)
    func there() throws -> [String: [UInt8]] {
      try workshop.contents(of: workshop.source).filter { !$0.key.hasPrefix(".chromasnap-") }
    }
    for round in 1...2 {
      let staged = place.newStaging()
      try FileSystem.makeFolder(staged)
      try Descriptor(opening: staged.appending("f"), .write, [.create]).write([UInt8(round)])
      let lock = try FileLock.attempt(folder: staged)
      _ = try TargetSwap.perform(staged: staged, at: place) { place.removeAbandoned() }
      _ = lock
      #expect(try there() == ["f": [UInt8(round)]])
      #expect(try workshop.contents(of: place.kept) == ["f": [UInt8(round) - 1]])
    }
    _ = try TargetSwap.perform(staged: nil, at: place) { place.removeAbandoned() }
    #expect(try there() == ["f": [1]])
    #expect(try workshop.contents(of: place.kept) == ["f": [2]])
    let abandoned = place.newStaging()
    try FileSystem.makeFolder(abandoned)
    place.removeAbandoned()
    #expect(!FileStatus.exists(abandoned))
    #expect(!FileStatus.exists(place.unfinishedJournal))
  }

  @Test func whatWasTriedOutWithIsRemoved() throws {
    let workshop = try Workshop()
    let probe = workshop.folder.appending(".chromasnap-probe-00")
    try FileSystem.makeFolders(probe.appending("full"))
    let place = try SwapPlace(target: workshop.source)
    place.removeAbandoned()
    #expect(FileStatus.exists(probe))
    let lock = try FileLock.attempt(folder: probe)
    place.removeAbandoned(probeGrace: 0)
    #expect(FileStatus.exists(probe))
    _ = consume lock
    place.removeAbandoned(probeGrace: 0)
    #expect(!FileStatus.exists(probe))
  }

  @Test func nothingIsLeftOfARestoreThatAnotherOneIsInTheWayOf() throws {
    let workshop = try Workshop()
    try workshop.write("f", [1])
    let snapshot = try workshop.snapshot()
    let target = workshop.folder.appending("target")
    try FileSystem.makeFolder(target)
    let place = try SwapPlace(target: target)
    let other = place.newStaging()
    let isBegun = Mutex(false)
    // Another restore begins its swap while this one writes, and dies.
    let activity = Activity {
      isBegun.withLock { isBegun in
        if isBegun { return }
        isBegun = true
        _ = try? FileSystem.makeFolder(other)
        _ = try? Descriptor(opening: other.appending("g"), .write, [.create]).write([2])
        var left = 1
        _ = try? TargetSwap.perform(staged: other, at: place) { () throws(SystemError) in
          left -= 1
          if left < 0 { throw Crash.error }
        }
      }
      return false
    }
    #expect(throws: SnapshotError.self) {
      try RestoreSnapshot(SnapshotSelector(snapshot.id.description), to: target)
        .run(in: workshop.location, activity: activity)
    }
    let staged = try DirectoryReader.names(in: workshop.folder).filter {
      $0.starts(with: Array(".chromasnap-restore".utf8))
    }
    #expect(staged == [other.bytes.split(separator: UInt8(ascii: "/")).last.map { Array($0) }])
    #expect(try TargetSwap.replay(target))
    #expect(try workshop.contents(of: target) == ["g": [2]])
  }

  @Test func nothingIsLeftOfARestoreThatFails() throws {
    let workshop = try Workshop()
    var random = SeededGenerator(1)
    try workshop.write("f", random.bytes(300_000))
    let snapshot = try workshop.snapshot()
    let pack = try #require(try workshop.objects("packs").max { try FileStatus(at: $0).size < FileStatus(at: $1).size })
    try workshop.damage(pack, at: 1000)
    let target = workshop.folder.appending("target")
    #expect {
      try RestoreSnapshot(SnapshotSelector(snapshot.id.description), to: target).run(in: workshop.location)
    } throws: {
      ($0 as? SnapshotError)?.code == .damaged && "\($0)".contains("f can't be restored")
    }
    #expect(!FileStatus.exists(target))
    #expect(try DirectoryReader.names(in: workshop.folder).allSatisfy { !$0.starts(with: Array(".chromasnap".utf8)) })
  }
}
