import ChromaSnap
import SnapshotRepository
import SystemIO
import SystemPackage
import Testing

@Suite struct ActivityTests {
  /// Whoever watches a verb ends it too, and nothing half-done is left.
  @Test func aVerbThatIsCancelledLeavesNothing() throws {
    let workshop = try Workshop()
    try workshop.write("f", [1])
    let activity = Activity()
    activity.cancel()
    func isCancelled(_ error: any Error) -> Bool { (error as? SnapshotError)?.code == .cancelled }
    #expect { try TakeSnapshot(source: workshop.source).run(in: workshop.location, activity: activity) } throws: {
      isCancelled($0)
    }
    #expect(try ListSnapshots().run(in: workshop.location).snapshots.isEmpty)
    let snapshot = try workshop.snapshot()
    let target = workshop.folder.appending("target")
    let restore = RestoreSnapshot(SnapshotSelector("latest"), to: target)
    #expect { try restore.run(in: workshop.location, activity: activity) } throws: { isCancelled($0) }
    #expect(!FileStatus.exists(target))
    #expect(try DirectoryReader.names(in: workshop.folder).allSatisfy { !$0.starts(with: Array(".chromasnap".utf8)) })
    #expect(try workshop.restored(snapshot) == ["f": [1]])
  }
}
