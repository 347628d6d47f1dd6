import ChromaSnap
import SeededNumbers
import SnapshotFormat
import SnapshotRepository
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
