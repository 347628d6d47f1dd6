import ChromaSnap
import SeededNumbers
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage
import Testing

/// Random changes, snapshots, forgets, prunes and restores against a model in memory: whatever the order, every snapshot
/// that is kept restores bit for bit.
@Suite struct SequenceTests {
  @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64]) func everyKeptSnapshotRestores(_ seed: UInt64) throws {
    var random = SeededGenerator(seed)
    let workshop = try Workshop()
    var files: [String: [UInt8]] = [:]
    var model: [(snapshot: Snapshot, files: [String: [UInt8]])] = []
    for _ in 0..<60 {
      switch Int.random(in: 0..<12, using: &random) {
      case 0...4: try change(&files, in: workshop, &random)
      case 5...8: model.append((try workshop.snapshot(), files))
      case 9:
        guard model.count > 1 else { continue }
        let gone = model.remove(at: Int.random(in: 0..<model.count, using: &random))
        try workshop.forget(gone.snapshot)
      case 10: _ = try workshop.prune(maxUnused: Bool.random(using: &random) ? 0 : 0.3)
      default:
        // The cache is lost now and then.
        if Bool.random(using: &random) {
          workshop.location = workshop.location(cache: "cache-\(UInt64.random(in: 0 ... .max, using: &random))")
        }
        guard let (snapshot, expected) = model.randomElement(using: &random) else { continue }
        #expect(try workshop.restored(snapshot) == expected)
      }
    }
    for (snapshot, expected) in model { #expect(try workshop.restored(snapshot) == expected) }
    #expect(try workshop.check().problems.map(\.message) == [])
    // After the last forget and prune next to nothing is left.
    for (snapshot, _) in model { try workshop.forget(snapshot) }
    _ = try workshop.prune()
    #expect(try workshop.objects("packs") == [])
    #expect(try workshop.objects("snapshots") == [])
    #expect(try workshop.objects("condemned") == [])
    #expect(try workshop.objects("tmp") == [])
  }

  private func change(
    _ files: inout [String: [UInt8]], in workshop: Workshop, _ random: inout SeededGenerator
  ) throws {
    let name = "f\(Int.random(in: 0..<6, using: &random))/g\(Int.random(in: 0..<3, using: &random))"
    guard Int.random(in: 0..<8, using: &random) > 0 || files[name] == nil else {
      try FileSystem.removeFile(workshop.source.appending(name))
      files[name] = nil
      return
    }
    var bytes = files[name] ?? []
    switch Int.random(in: 0..<4, using: &random) {
    case 0: bytes = random.bytes(Int.random(in: 0..<200_000, using: &random))
    case 1: bytes = Array("SQLite format 3\0".utf8) + random.text(Int.random(in: 100..<1_500_000, using: &random))
    case 2:
      // Inserted: everything behind it shifts.
      bytes.insert(
        contentsOf: random.text(Int.random(in: 1..<5000, using: &random)),
        at: Int.random(in: 0...bytes.count, using: &random))
    default:
      for _ in 0..<5 where !bytes.isEmpty {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        let new = random.bytes(min(100, bytes.count - at))
        bytes.replaceSubrange(at..<at + new.count, with: new)
      }
    }
    files[name] = bytes
    try workshop.write(name, bytes)
  }
}
