import ChromaDB
import Synchronization
import SystemIO
import SystemPackage
import Testing

struct HealthTests {
  @Test(arguments: fixtureVersions)
  func `What Chroma wrote is healthy`(version: String) throws {
    let scratch = try ScratchFolder()
    let report = try HealthCheck.run(DirectoryContents(try scratch.unpack(version)))
    #expect(report.verdict == .good)
    #expect(report.problems == [])
  }

  enum Damage: String, CaseIterable {
    case truncatedLinks, flippedHeader, tornPickle, otherPickle, malformedPage, missingFolder, missingFile, shortData
    case wildLink, repeatedLabel, lostRow, noDatabase, emptiedDatabase, lostLog

    var code: HealthReport.Problem.Code {
      switch self {
      case .malformedPage: .sqliteDamage
      case .missingFolder: .missingIndex
      case .lostRow: .recordMismatch
      case .noDatabase, .emptiedDatabase: .database
      case .lostLog: .logGap
      default: .hnsw
      }
    }
  }

  private func inflict(_ damage: Damage, on path: FilePath) throws {
    let folder = try persistedFolder(of: path)
    let database = path.appending("chroma.sqlite3")
    func file(_ name: HNSWFile) -> FilePath { folder.appending(name.rawValue) }
    switch damage {
    case .truncatedLinks:
      try Descriptor(opening: file(.links), .readWrite).resize(to: UInt64(content(of: file(.links)).count - 10))
    case .flippedHeader: try overwrite(file(.header), at: 28, with: [0xFF, 0xFF])
    case .tornPickle:
      try Descriptor(opening: file(.metadata), .readWrite).resize(to: UInt64(content(of: file(.metadata)).count / 2))
    case .otherPickle:
      // An object that would run a command where it is unpickled.
      try replace(file(.metadata), with: Array("cos\nsystem\n(S'true'\ntR.".utf8))
    case .malformedPage:
      for page in 4...20 { try overwrite(database, at: page * 4096, with: [UInt8](repeating: 0xA5, count: 512)) }
    case .missingFolder: try FileSystem.removeTree(folder)
    case .missingFile: try FileSystem.removeFile(file(.lengths))
    case .shortData: try Descriptor(opening: file(.data), .readWrite).resize(to: 1000)
    case .wildLink: try overwrite(file(.data), at: 4, with: [0, 0, 0, 0x7F])
    case .repeatedLabel:
      let header = try #require(HNSWHeader(try content(of: file(.header))))
      let first = Array(try content(of: file(.data))[Int(header.labelOffset)..<Int(header.stride)])
      try overwrite(file(.data), at: Int(header.stride + header.labelOffset), with: first)
    case .lostRow:
      try SQLiteConnection(opening: database, .readWrite).execute(
        "DELETE FROM embeddings WHERE embedding_id = 'notes-2'")
    case .noDatabase: try FileSystem.removeFile(database)
    case .emptiedDatabase: try replace(database, with: [])
    case .lostLog:
      try SQLiteConnection(opening: database, .readWrite).execute(
        "DELETE FROM embeddings_queue WHERE id LIKE 'pictures-%'")
    }
  }

  @Test(arguments: Damage.allCases)
  func `Damage is named`(damage: Damage) throws {
    let scratch = try ScratchFolder()
    let path = try scratch.unpack("1.5.9")
    try inflict(damage, on: path)
    let report = try HealthCheck.run(DirectoryContents(path))
    #expect(report.verdict == .damaged)
    #expect(report.problems.contains { $0.code == damage.code }, "\(report.problems)")
    if damage.code == .hnsw {
      #expect(report.problems.contains { $0.collection == "notes" && $0.path != nil })
    }
  }

  @Test func `The database is fetched in its own order beside the examination`() throws {
    let scratch = try ScratchFolder()
    let contents = DirectoryContents(try scratch.unpack("1.5.9"))
    let watched = WatchedContents(contents)
    _ = try HealthCheck.run(watched)
    let size = try #require(try contents.size(of: ChromaDirectory.databaseName, in: nil))
    let range = try #require(watched.fetched.withLock(\.self).first)
    #expect(range.lowerBound == 0 && range.upperBound >= size)
  }

  @Test func `Records are counted by collection`() throws {
    let scratch = try ScratchFolder()
    let path = try scratch.unpack("1.5.9")
    let inventory = try SnapshotVFS.open(DescriptorFile(opening: path.appending("chroma.sqlite3"))).read {
      try InventoryReader.read($0)
    }
    let collections = try #require(inventory?.collections)
    let records = try #require(try HealthCheck.run(DirectoryContents(path)).records)
    #expect(records == Dictionary(uniqueKeysWithValues: collections.map { ($0.id, $0.records) }))
    #expect(records.values.contains { $0 > 0 })
    try inflict(.emptiedDatabase, on: path)
    #expect(try HealthCheck.run(DirectoryContents(path)).records == nil)
  }
}

/// A directory whose database is read only once some of it was asked for ahead.
private final class WatchedContents: ChromaContents {
  let contents: DirectoryContents
  let fetched = Mutex<[Range<UInt64>]>([])

  init(_ contents: DirectoryContents) { self.contents = contents }

  struct Database: RandomAccessFile {
    let file: any RandomAccessFile
    let contents: WatchedContents
    var size: UInt64 { file.size }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
      let watch = Stopwatch()
      while offset > 0, contents.fetched.withLock(\.isEmpty), watch.seconds < 10 { sleepFor(seconds: 0.001) }
      return unsafe try file.read(into: buffer, at: offset)
    }

    func prefetch(offset: UInt64, count: UInt64) { contents.fetched.withLock { $0.append(offset..<offset + count) } }
  }

  func file(_ name: String, in folder: String?) throws -> (any RandomAccessFile)? {
    let file = try contents.file(name, in: folder)
    return folder == nil ? file.map { Database(file: $0, contents: self) } : file
  }

  func folders() throws -> [String] { try contents.folders() }
}
