import ChromaSnap
import SeededNumbers
import SnapshotFormat
import SnapshotRepository
import SystemIO
import Testing

/// How the workers' little packs become one.
struct PackAbsorptionTests {
  /// - Parameter lengths: Of incompressible chunks: each writer's, and what follows once one has taken over the other's.
  @Test(arguments: [[[400_000], [300_000], []], [[1_040_000, 1_000_000], [1_040_000, 1_000_000], [1_048_576]]])
  func `What two writers hold becomes one pack, and the longest chunk still has room`(_ lengths: [[Int]]) throws {
    let workshop = try Workshop()
    try workshop.location.create()
    let repository = try workshop.location.open(for: .write)
    let index = try ChunkIndex(repository)
    var numbers = SeededGenerator(7)
    let chunks = lengths.map { $0.map { numbers.bytes($0) } }
    func store(_ chunks: [[UInt8]], _ writer: inout ChunkWriter) throws {
      for chunk in chunks { try writer.store(chunk.rawSpan, id: ChunkID(of: chunk), kind: .metadata) }
    }

    var writer = ChunkWriter(repository, index: index, level: 1)
    var other = ChunkWriter(repository, index: index, level: 1)
    try store(chunks[0], &writer)
    try store(chunks[1], &other)
    try writer.absorb(other)
    try store(chunks[2], &writer)
    try writer.finish()
    try other.finish()

    #expect(writer.packs.count == 1)
    #expect(other.packs.isEmpty)
    try expectReadable(chunks.joined(), in: repository)
  }

  @Test func `A pack that has been filled up has room for no more chunks`() throws {
    let workshop = try Workshop()
    try workshop.location.create()
    let repository = try workshop.location.open(for: .write)
    let index = try ChunkIndex(repository)
    let chunks = (0...Limits.packEntries).map { Array("chunk \($0)".utf8) }
    func store(_ chunks: ArraySlice<[UInt8]>, _ writer: inout ChunkWriter) throws {
      for chunk in chunks { try writer.store(chunk.rawSpan, id: ChunkID(of: chunk), kind: .metadata) }
    }

    var writer = ChunkWriter(repository, index: index, level: 1)
    var other = ChunkWriter(repository, index: index, level: 1)
    try store(chunks[..<10_000], &writer)
    try store(chunks[10_000..<Limits.packEntries], &other)
    try writer.absorb(other)
    try store(chunks[Limits.packEntries...], &writer)
    try writer.finish()
    try other.finish()
    try expectReadable([chunks[0], chunks[10_000], chunks[Limits.packEntries]], in: repository)
    for pack in writer.packs + other.packs { _ = try PackTableReader(store: repository.store).table(of: pack) }
  }

  private func expectReadable(_ chunks: some Sequence<[UInt8]>, in repository: Repository) throws {
    var reader = ChunkReader(repository, index: try ChunkIndex(repository))
    for chunk in chunks {
      var buffer = ByteBuffer(capacity: Limits.chunkBytes)
      try reader.read(ChunkID(of: chunk), into: &buffer)
      #expect(unsafe [UInt8](buffer.pointer) == chunk)
    }
  }
}
