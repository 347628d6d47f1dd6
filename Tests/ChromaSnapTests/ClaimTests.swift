import ChromaSnap
import SeededNumbers
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

    #expect(try index.claims([]) == [])
    let claims = try index.claims([new[0], old[0], new[1], new[0], old[0], old[1], new[2]])
    #expect(claims == [true, false, true, false, false, false, true])
    #expect(try index.claims(new) == [false, false, false, true])
    #expect(try index.claims(old) == [false, false, false])
    #expect(!index.reliedOn.isEmpty)
    // What is finished and then found nowhere must be stored again.
    index.finish(new)
    #expect(try index.claims(new) == [true, true, true, true])
  }

  @Test func `In an empty repository what was stored is remembered, until something is found damaged`() throws {
    let workshop = try Workshop()
    try workshop.location.create()
    let repository = try workshop.location.open(for: .write)
    let index = try ChunkIndex(repository)
    let ids = (0..<4).map { ChunkID(of: [UInt8](repeating: $0, count: 100)) }
    #expect(try index.claims([ids[0], ids[1], ids[0]]) == [true, true, false])
    index.finish(ids[..<2])
    #expect(try index.claims(ids) == [false, false, true, true])
    index.finish(ids[2...])
    // None of them is in the catalogue.
    index.noteDamage(pack: ids[0], chunk: ids[1])
    #expect(try index.claims(ids) == [true, true, true, true])
  }

  @Test func `With a new chunk comes how the one that it resembles is decoded`() throws {
    let workshop = try Workshop()
    let known = [UInt8](repeating: 1, count: 4000)
    try workshop.write("known", known)
    try workshop.snapshot()
    let repository = try workshop.location.open(for: .write)
    let index = try ChunkIndex(repository)
    let (old, new) = (ChunkID(of: known), (10..<13).map { ChunkID(of: [UInt8](repeating: $0, count: 4000)) })
    let claims = try index.claim([(new[0], old), (old, old), (new[0], old), (new[1], new[2]), (new[2], nil)])
    #expect(claims.map(\.isMine) == [true, false, false, true, true])
    #expect(claims.map { $0.base?.links.last?.entry.id } == [old, nil, nil, nil, nil])
    #expect(claims[0].base?.packs == (try index.chain(of: old))?.packs)
  }

  @Test func `No patch is made to a chunk that was found damaged after it was looked up`() throws {
    let workshop = try Workshop()
    var random = SeededGenerator(5)
    var bytes = random.bytes(4000)
    try workshop.write("known", bytes)
    try workshop.snapshot()
    let repository = try workshop.location.open(for: .write)
    let old = ChunkID(of: bytes)
    bytes[17] ^= 1
    let new = ChunkID(of: bytes)
    for isDamaged in [false, true] {
      let index = try ChunkIndex(repository)
      var writer = ChunkWriter(repository, index: index, level: 1)
      let chain = try #require(try index.claim([(new, old)])[0].base)
      if isDamaged { index.noteDamage(pack: chain.links[0].pack, chunk: old) }
      try writer.storeClaimed(bytes.rawSpan, id: new, kind: .data, like: ChunkWriter.Base(old, chain: chain))
      #expect(writer.patchesNew == (isDamaged ? 0 : 1))
    }
  }
}

extension ChunkIndex {
  /// Of each chunk whether it was taken on.
  fileprivate func claims(_ ids: [ChunkID]) throws -> [Bool] { try claim(ids.map { ($0, nil) }).map(\.isMine) }
}
