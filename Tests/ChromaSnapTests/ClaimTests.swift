import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import Testing

/// Which worker stores a chunk.
struct ClaimTests {
  @Test func `Of equal chunks one is claimed, by one worker, and of known ones none`() throws {
    let workshop = try Workshop()
    let known = (0..<3).map { [UInt8](repeating: $0, count: 100) }
    for (number, bytes) in known.enumerated() { try workshop.write("\(number)", bytes) }
    try workshop.snapshot()
    let repository = try workshop.location.open(for: .write)
    let index = try ChunkIndex(repository)
    let old = known.map { ChunkID(of: $0) }
    let new = (10..<14).map { ChunkID(of: [UInt8](repeating: $0, count: 100)) }

    #expect(try index.claim([]) == [])
    let claims = try index.claim([new[0], old[0], new[1], new[0], old[0], old[1], new[2]])
    #expect(claims == [true, false, true, false, false, false, true])
    #expect(try index.claim(new) == [false, false, false, true])
    #expect(try index.claim(old) == [false, false, false])
    #expect(!index.reliedOn.isEmpty)
    // What is finished and then found nowhere must be stored again.
    index.finish(new)
    #expect(try index.claim(new) == [true, true, true, true])
  }

  @Test func `In an empty repository what was stored is remembered, until something is found damaged`() throws {
    let workshop = try Workshop()
    try workshop.location.create()
    let repository = try workshop.location.open(for: .write)
    let index = try ChunkIndex(repository)
    let ids = (0..<4).map { ChunkID(of: [UInt8](repeating: $0, count: 100)) }
    #expect(try index.claim([ids[0], ids[1], ids[0]]) == [true, true, false])
    index.finish(ids[..<2])
    #expect(try index.claim(ids) == [false, false, true, true])
    index.finish(ids[2...])
    // None of them is in the catalogue.
    index.noteDamage(pack: ids[0], chunk: ids[1])
    #expect(try index.claim(ids) == [true, true, true, true])
  }
}
