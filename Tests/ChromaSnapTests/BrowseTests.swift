import ChromaSnap
import SnapshotRepository
import SystemIO
import Testing

struct BrowseTests {
  @Test(arguments: ["", "large"])
  func `A dump ends where nobody reads on`(path: String) throws {
    let workshop = try Workshop()
    try workshop.write("large", randomBytes(3_000_000))
    try workshop.snapshot()
    var calls = 0
    #expect {
      try unsafe BrowseSnapshot(SnapshotSelector(), path: Array(path.utf8)).dump(in: workshop.location) {
        (_) throws(SnapshotError) in
        calls += 1
        throw SnapshotError(.cancelled, "enough")
      }
    } throws: {
      ($0 as? SnapshotError)?.code == .cancelled
    }
    #expect(calls == 1)
  }
}
