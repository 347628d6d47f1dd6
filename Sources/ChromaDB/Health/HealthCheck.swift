import Synchronization
import SystemIO

/// The offline check of a Chroma directory that nobody writes to: SQLite's quick_check, the structure of every HNSW
/// index, and whether index, tables and log fit each other.
///
/// With T the ids in log records above the smaller of the two sequence numbers of a collection, the index and the
/// tables must hold the same ids but for T. Two workers share it: one runs quick_check, the other the collections.
/// About 0.7 s per gigabyte.
package enum HealthCheck {
  /// - Throws: What reading the files throws (a damaged chunk, say); damage to their content is in the report.
  package static func run(_ contents: any ChromaContents) throws -> HealthReport {
    let watch = Stopwatch()
    let name = ChromaDirectory.databaseName
    guard let file = try contents.file(name, in: nil) else {
      let missing = HealthReport.Problem(.database, "\(name) is missing", path: name)
      return HealthReport(problems: [missing], duration: watch.seconds)
    }
    let parts = Mutex<[[HealthReport.Problem]]>([[], []])
    try parallelLoop(items: 2) { next throws(any Error) in
      while let part = next() {
        let found = try part == 0 ? quickCheck(file) : CollectionCheck.run(file, contents)
        parts.withLock { $0[part] = found }
      }
    }
    return HealthReport(problems: parts.withLock { $0.flatMap { $0 } }, duration: watch.seconds)
  }

  private static func quickCheck(_ file: any RandomAccessFile) throws -> [HealthReport.Problem] {
    let name = ChromaDirectory.databaseName
    guard SQLiteHeader(try file.bytes(at: 0, count: SQLiteHeader.byteCount)) != nil else {
      return [HealthReport.Problem(.database, "\(name) is not a SQLite database", path: name)]
    }
    var problems: [HealthReport.Problem] = []
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
