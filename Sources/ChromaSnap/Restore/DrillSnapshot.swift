import SnapshotFormat
public import SnapshotRepository
import SystemIO
public import SystemPackage

/// Proves that a snapshot can be restored by restoring it: to a scratch folder, where it is examined, where some records are
/// read back, and which is then removed. The source is never touched.
public struct DrillSnapshot: Sendable {
  public var selector: SnapshotSelector
  /// Whether the scratch folder stays.
  public var keepsFolder = false
  /// Whether the result is written down in the repository.
  public var isRecorded = true

  public init(_ selector: SnapshotSelector) { self.selector = selector }

  public struct Result: Sendable {
    public var restore: RestoreSnapshot.Summary
    /// What is wrong; empty where nothing is.
    public var problems: [String]
    /// Of a Chroma directory: vectors and documents of randomly picked records that were read back.
    public var vectorsRead = 0
    public var documentsRead = 0
    /// Seconds for all of it.
    public var duration: Double = 0
    /// The scratch folder, where it stays.
    public var folder: FilePath?
    public var isGood: Bool { problems.isEmpty }
  }

  /// - Returns: What was found. That the snapshot can't be restored is one of its problems.
  /// - Throws: `snapshot_not_found`, `no_space`: what says nothing about the snapshot. No result is written down then.
  public func run(in location: RepositoryLocation, activity: Activity = Activity()) throws(SnapshotError) -> Result {
    let stopwatch = Stopwatch()
    let info = try SnapshotInfo.find(selector, in: location)
    // One that is kept has another name: it is not taken for what a killed run has left.
    let folder = try calling("making a scratch folder") { () throws(SystemError) in
      try ScratchFolder(keepsFolder ? "drilled" : "drill", in: location.place.caches, keeps: keepsFolder)
    }
    defer { withExtendedLifetime(folder) {} }
    let scratch = folder.path.appending("restored")
    let exact = SnapshotSelector(info.snapshot.id.description)
    var result: Result
    do throws(SnapshotError) {
      let restored = try RestoreSnapshot(exact, to: scratch).run(in: location, activity: activity)
      let problems = restored.warnings.filter { $0.code == .damagedSource }.map(\.message)
      result = Result(restore: restored, problems: problems, folder: keepsFolder ? scratch : nil)
      if info.snapshot.manifest.source.kind == .chroma, problems.isEmpty {
        let sample = RestoredDirectory(scratch).sample()
        result.problems = sample.problems
        (result.vectorsRead, result.documentsRead) = (sample.vectors, sample.documents)
      }
    } catch {
      guard error.code == .damaged else { throw error }
      result = Result(
        restore: RestoreSnapshot.Summary(snapshot: info.snapshot, target: scratch), problems: [error.message],
        folder: nil)
    }
    result.duration = stopwatch.seconds
    if isRecorded { try record(result, of: info.snapshot, in: location) }
    return result
  }

  private func record(
    _ result: Result, of snapshot: Snapshot, in location: RepositoryLocation
  ) throws(SnapshotError) {
    let repository = try location.open(for: .write)
    try repository.note(
      .drill, about: snapshot.id, value: result.isGood, problems: result.problems, seconds: result.duration)
  }
}
