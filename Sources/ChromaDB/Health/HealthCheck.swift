import Synchronization
import SystemIO

/// The offline check of a Chroma directory that nobody writes to: SQLite's quick_check, the structure of every HNSW
/// index, and whether index, tables and log fit each other.
///
/// With T the ids in log records above the smaller of the two sequence numbers of a collection, the index and the
/// tables must hold the same ids but for T. Two workers share it: one runs quick_check, the other the collections.
package enum HealthCheck {
  /// The time was over before the check was.
  package struct OutOfTime: Error {}

  /// - Parameters:
  ///   - sound: What need not be examined again.
  ///   - secondsMax: How long it may take.
  /// - Throws: What reading the files throws (a damaged chunk, say), and `OutOfTime`; damage to their content is in the
  ///   report.
  package static func run(
    _ contents: any ChromaContents, sound: SoundParts = SoundParts(), secondsMax: Double = .infinity
  ) throws -> HealthReport {
    let watch = Stopwatch()
    let contents: any ChromaContents = secondsMax < .infinity ? TimedContents(contents, secondsMax, watch) : contents
    let name = ChromaDirectory.databaseName
    guard let file = try contents.file(name, in: nil) else {
      let missing = HealthReport.Problem(.database, "\(name) is missing", path: name)
      return HealthReport(problems: [missing], duration: watch.seconds)
    }
    let pages = Mutex<[HealthReport.Problem]>([])
    let collections = Mutex(CollectionCheck.Finding())
    try parallelLoop(items: 2) { next throws(any Error) in
      while let part = next() {
        if part == 0 {
          let found = sound.database ? [] : try quickCheck(file)
          pages.withLock { $0 = found }
        } else {
          let found = try CollectionCheck.run(file, contents, soundIndexes: sound.indexes)
          collections.withLock { $0 = found }
        }
      }
    }
    let found = collections.withLock(\.self)
    return HealthReport(
      problems: pages.withLock(\.self) + found.problems, records: found.records, duration: watch.seconds)
  }

  private static func quickCheck(_ file: any RandomAccessFile) throws -> [HealthReport.Problem] {
    let name = ChromaDirectory.databaseName
    guard SQLiteHeader(try file.bytes(at: 0, count: SQLiteHeader.byteCount)) != nil else {
      return [HealthReport.Problem(.database, "\(name) is not a SQLite database", path: name)]
    }
    var problems: [HealthReport.Problem] = []
    let ahead = ReadAhead(file)
    defer { ahead.stop() }
    do {
      try SnapshotVFS.open(file).read { connection in
        var statement = try connection.prepare("PRAGMA quick_check(20)")
        while try statement.step() {
          guard let line = statement.text(0), line != "ok" else { continue }
          problems.append(HealthReport.Problem(.sqliteDamage, line, path: name))
        }
      }
    } catch let error as SQLiteError {
      problems.append(HealthReport.Problem(.sqliteDamage, "\(error)", path: name))
    }
    return problems
  }
}

/// What an earlier examination found sound, and is the same since: its structure need not be examined again. Whether
/// indexes, tables and log fit each other is asked all the same.
package struct SoundParts: Hashable, Sendable {
  package var database = false
  /// Index folders, by name.
  package var indexes: Set<String> = []
  package init() {}
}

/// Contents whose reading fails once a time is over: nothing in a check takes long without reading.
private struct TimedContents: ChromaContents {
  let contents: any ChromaContents
  let secondsMax: Double
  let watch: Stopwatch

  init(_ contents: any ChromaContents, _ secondsMax: Double, _ watch: Stopwatch) {
    self.contents = contents
    self.secondsMax = secondsMax
    self.watch = watch
  }

  struct File: RandomAccessFile {
    let file: any RandomAccessFile
    let secondsMax: Double
    let watch: Stopwatch
    var size: UInt64 { file.size }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
      guard watch.seconds < secondsMax else { throw HealthCheck.OutOfTime() }
      return unsafe try file.read(into: buffer, at: offset)
    }

    func prefetch(offset: UInt64, count: UInt64) { file.prefetch(offset: offset, count: count) }
  }

  func file(_ name: String, in folder: String?) throws -> (any RandomAccessFile)? {
    try contents.file(name, in: folder).map { File(file: $0, secondsMax: secondsMax, watch: watch) }
  }

  func folders() throws -> [String] { try contents.folders() }
}
