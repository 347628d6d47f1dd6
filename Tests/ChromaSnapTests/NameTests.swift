import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO
import Testing

/// A name means one snapshot.
@Suite struct NameTests {
  /// Two machines, with a cache each; one commits while the other is about to.
  @Test func twoAtTheSameMomentGetTwoNames() throws {
    let workshop = try Workshop()
    try workshop.write("f", [1])
    try workshop.location.create()
    let (source, other) = (workshop.source, workshop.location(cache: "another"))
    let moment = Timestamp(seconds: 1_800_000_000)
    let names = Mutex<[String]>([])
    let looks = Atomic(0)
    var verb = TakeSnapshot(source: source)
    verb.now = {
      // The second time right before the commit.
      if looks.add(1, ordering: .relaxed).newValue == 2 {
        var verb = TakeSnapshot(source: source)
        verb.now = { moment }
        let name = (try? verb.run(in: other))?.snapshot?.manifest.name
        names.withLock { $0.append(name ?? "none") }
      }
      return moment
    }
    let name = try #require(try verb.run(in: workshop.location).snapshot?.manifest.name)
    let first = try #require(names.withLock { $0.first })
    #expect(name == "\(first)-2")
    // One that comes later.
    var later = TakeSnapshot(source: source)
    later.now = { moment }
    #expect(try later.run(in: other).snapshot?.manifest.name == "\(first)-3")
  }
}
