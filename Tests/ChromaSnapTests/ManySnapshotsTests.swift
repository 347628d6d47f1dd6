import ChromaSnap
import ObjectStorage
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage
import Testing

/// What must not depend on how many snapshots there are, or on which of the catalogue's ways leads to an answer.
@Suite struct ManySnapshotsTests {
  private func manifest(_ number: Int, host: String = "here", inode: UInt64 = 1) -> Manifest {
    Manifest(
      name: "n\(number)",
      source: Manifest.Source(id: "s", path: "/data", pathBase64: nil, kind: .directory, inode: inode),
      hostname: host, username: "u", time: Timestamp(seconds: Int64(number)),
      commitTime: Timestamp(seconds: Int64(number)), sequence: UInt64(number), parent: nil, tree: .empty, packs: [],
      statistics: Manifest.Statistics(), tags: [], description: "", excludes: [], complete: true, program: "p")
  }

  private func repository(_ workshop: Workshop) throws -> Repository {
    if try !workshop.location.exists() { try workshop.location.create() }
    return try workshop.location.open(for: .delete)
  }

  /// The parent is the newest that fits, however many newer ones of another machine lie before it.
  @Test(arguments: [0, 1, 7, 8, 9, 600]) func theNewestThatFitsIsFoundHoweverFarBack(_ others: Int) throws {
    let workshop = try Workshop()
    let repository = try repository(workshop)
    _ = try repository.commit(manifest(1))
    let wanted = try repository.commit(manifest(2))
    for number in 0..<others { _ = try repository.commit(manifest(3 + number, host: "elsewhere")) }
    let found = try repository.catalogue.newest(atPath: "/data") { $0.manifest.hostname == "here" }
    #expect(found == wanted)
    #expect(try repository.catalogue.newest(atPath: "/data") { _ in false } == nil)
    #expect(try repository.catalogue.newest(atPath: "/other") { _ in true } == nil)
  }

  /// What comes and goes behind a catalogue's back is found, whatever it was, also where as many came as went.
  @Test func whatOthersDoIsFoundByEachCatalogue() throws {
    let workshop = try Workshop()
    let repository = try repository(workshop)
    let first = try repository.commit(manifest(1))
    let other = try workshop.location(cache: "another").open(for: .delete)
    #expect(try other.catalogue.snapshots() == [first])
    // Both adopt and write in turn, and each counts what the other wrote.
    for number in 2...6 {
      let writer = number % 2 == 0 ? repository : other
      let reader = number % 2 == 0 ? other : repository
      let made = try writer.commit(manifest(number))
      try reader.synchronize()
      try reader.synchronize()
      #expect(try reader.catalogue.snapshots().last == made)
    }
    let all = try repository.catalogue.snapshots()
    let folders = try repository.store.folders(in: "snapshots").map { "snapshots/\($0.name)" }
    #expect(!folders.isEmpty)
    for folder in folders {
      let expected = try repository.store.digest(of: folder)
      #expect(try repository.catalogue.digest(of: folder) == expected)
      #expect(try other.catalogue.digest(of: folder) == expected)
    }
    // One goes and one comes: the number of names says nothing.
    try other.forget([all[0]])
    let made = try other.commit(manifest(7))
    try repository.synchronize()
    #expect(try repository.catalogue.snapshots() == all.dropFirst() + [made])
  }

  @Test func theLastVerdictCounts() throws {
    let workshop = try Workshop()
    let repository = try repository(workshop)
    let snapshots = try (1...3).map { try repository.commit(manifest($0)).id }
    func note(_ snapshot: ChunkID, _ sequence: UInt64, _ value: Bool?) throws {
      try repository.add(
        Note(
          kind: .health, time: Timestamp(seconds: 100 - Int64(sequence)), sequence: sequence, snapshot: snapshot,
          value: value))
    }
    try note(snapshots[0], 2, false)
    try note(snapshots[0], 1, true)
    try note(snapshots[1], 1, false)
    try note(snapshots[1], 2, true)
    let expected = [snapshots[0]: false, snapshots[1]: true]
    #expect(try repository.catalogue.verdicts(.health) == expected)
    #expect(try repository.catalogue.verdicts(.health, about: snapshots) == expected)
    #expect(try repository.catalogue.verdicts(.health, about: [snapshots[1], snapshots[2]]) == [snapshots[1]: true])
    #expect(try repository.catalogue.verdicts(.drill) == [:])
    // Rebuilt from the notes, the catalogue says the same.
    let anew = try workshop.location(cache: "another").open(for: .read)
    #expect(try anew.catalogue.verdicts(.health) == expected)
  }

  @Test func manyAreForgottenWithTheirNotes() throws {
    let workshop = try Workshop()
    let repository = try repository(workshop)
    let snapshots = try (1...2100).map { try repository.commit(manifest($0)) }
    for snapshot in snapshots.prefix(50) {
      try repository.add(Note(kind: .health, time: .now, snapshot: snapshot.id, value: true))
    }
    let kept = snapshots[20]
    try repository.forget(snapshots.filter { $0 != kept })
    #expect(try repository.catalogue.snapshots() == [kept])
    #expect(try workshop.objects("snapshots").count == 1)
    #expect(try repository.catalogue.notes().map(\.note.snapshot) == [kept.id])
    #expect(try workshop.objects("notes").count == 1)
  }
}
