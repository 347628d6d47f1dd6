import ChromaDB
import ChromaDBTestSupport
import SystemIO
import SystemPackage
import Testing

struct RecordSampleTests {
  private func sample(_ path: FilePath, count: Int = 1000) throws -> RecordSample {
    var generator = SystemRandomNumberGenerator()
    return try #require(try RecordSample.read(DirectoryContents(path), count: count, using: &generator))
  }

  @Test(arguments: fixtureVersions)
  func `Records of every version are read back`(version: String) throws {
    let scratch = try ScratchFolder()
    let found = try sample(try scratch.unpack(version))
    #expect(found.problems == [])
    #expect(found.vectors > 100 && found.documents > 0)
  }

  @Test func `Only so many are read`() throws {
    let scratch = try ScratchFolder()
    let found = try sample(try scratch.unpack("1.5.9"), count: 3)
    #expect(found.problems == [])
    // Of each collection three of the index and three of the log at most.
    #expect((1...24).contains(found.vectors))
  }

  enum Damage: CaseIterable { case notANumber, scaled, otherDocument, otherDimension, absurdDimension }

  /// What no structure shows.
  @Test(arguments: Damage.allCases)
  func `A wrong value is noticed`(damage: Damage) throws {
    let scratch = try ScratchFolder()
    let path = try scratch.unpack("1.5.9")
    let folder = try persistedFolder(of: path)
    let data = folder.appending(HNSWFile.data.rawValue)
    let header = try #require(HNSWHeader(try content(of: folder.appending(HNSWFile.header.rawValue))))
    let database = try SQLiteConnection(opening: path.appending("chroma.sqlite3"), .readWrite)
    let vector = Int(header.vectorOffset)
    switch damage {
    case .notANumber: try overwrite(data, at: vector, with: [0, 0, 0xC0, 0x7F])
    case .scaled:
      // The first number's exponent: a vector that is far too long for a cosine.
      try database.execute("UPDATE collections SET config_json_str = '{\"hnsw\": {\"space\": \"cosine\"}}'")
      try database.execute("UPDATE collections SET schema_str = NULL")
      try overwrite(data, at: vector, with: [0, 0, 0x80, 0x44])
    case .otherDocument:
      try database.execute(
        "UPDATE embedding_metadata SET string_value = 'another' WHERE key = 'chroma:document'")
    case .otherDimension:
      try database.execute("UPDATE collections SET dimension = dimension + 1 WHERE dimension IS NOT NULL")
    case .absurdDimension: try database.execute("UPDATE collections SET dimension = 4611686018427387904")
    }
    let found = try sample(path)
    #expect(found.problems.contains { $0.code == .sample }, "\(found.problems)")
  }
}
