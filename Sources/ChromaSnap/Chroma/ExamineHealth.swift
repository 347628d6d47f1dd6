import ChromaDB
import SnapshotFormat
public import SnapshotRepository
import SystemIO
public import SystemPackage

/// The offline check of a Chroma directory or of a snapshot of one: would Chroma open it and find every record?
public struct ExamineHealth: Sendable {
  public struct Problem: Sendable {
    public var code: String
    public var message: String
    public var collection: String?
    public var path: String?
  }

  public struct Result: Sendable {
    public var snapshot: Snapshot?
    public var problems: [Problem]
    /// Seconds.
    public var duration: Double
    public var isGood: Bool { problems.isEmpty }
  }

  /// Of a directory. Nobody may write to it meanwhile.
  /// - Parameter location: Where there is room for a copy of the database, if a crash has left it to be recovered.
  public static func directory(_ path: FilePath, in location: RepositoryLocation) throws(SnapshotError) -> Result {
    guard try SourceLocator.kind(of: path) == .chroma else {
      throw SnapshotError(.sourceMissing, "\(path) is no Chroma directory", hint: "It holds no chroma.sqlite3.")
    }
    let use: DirectoryUse
    do { use = try DirectoryUse.of(path) } catch { throw SnapshotError(error) }
    if let process = use.processes.first {
      throw SnapshotError(
        .sourceBusy, "process \(process.id) (\(process.name)) has \(path) open: what is being written can't be judged",
        hint: "Take a snapshot, and examine that: chromasnap health latest.")
    }
    let scratch = try calling("making a scratch folder") { () throws(SystemError) in
      try ScratchFolder("health", in: location.place.caches)
    }
    do {
      let recovered = try recovered(path, in: scratch.path)
      let report = try HealthCheck.run(DirectoryContents(path, database: recovered?.path))
      return withExtendedLifetime((scratch, recovered)) { result(report, nil) }
    } catch let error as ChromaError { throw SnapshotError(error) } catch {
      throw SnapshotError(.failed, "the health check failed: \(error)")
    }
  }

  /// The database as whoever opens it next would find it, where a crash has left a journal or a log beside it.
  private static func recovered(_ path: FilePath, in scratch: FilePath) throws(ChromaError) -> ScratchCopy? {
    do throws(ChromaError) {
      let hold = try DatabaseHold(path, scratch: scratch, isOffline: true)
      _ = try hold.acquire()
      guard case .copy(let copy) = try hold.content() else { return nil }
      try hold.release()
      return copy
    } catch {
      // What SQLite makes nothing of is the check's to say.
      if (error.cause as? SQLiteError)?.isCorruption == true { return nil }
      throw error
    }
  }

  /// Of a snapshot; the verdict is noted.
  public static func snapshot(
    _ selector: SnapshotSelector, in location: RepositoryLocation
  ) throws(SnapshotError) -> Result {
    let repository = try location.open(for: .read)
    let snapshot = try selector.find(in: repository)
    guard snapshot.manifest.source.kind == .chroma else {
      throw SnapshotError(.usage, "snapshot \(snapshot.id.short) is not of a Chroma directory")
    }
    let index = try ChunkIndex(repository)
    defer { repository.noteFoundDamage(index) }
    let report = try ChromaExamination(snapshot.manifest.tree, in: repository, index: index).health()
    try? repository.noteHealth(report, of: snapshot.id)
    return result(report, snapshot)
  }

  private static func result(_ report: HealthReport, _ snapshot: Snapshot?) -> Result {
    Result(
      snapshot: snapshot,
      problems: report.problems.map {
        Problem(code: $0.code.rawValue, message: $0.message, collection: $0.collection, path: $0.path)
      }, duration: report.duration)
  }
}
