import ChromaDB
import SnapshotFormat
import SnapshotRepository
import SystemIO

/// Commit first, judge then: finds a verdict about a new snapshot of a Chroma directory, and notes it.
///
/// What has the same content as in the parent snapshot, and was found good there, is not examined again.
struct JudgeSnapshot {
  let repository: Repository
  let index: ChunkIndex
  let parent: Snapshot?
  /// The database on disk, where this run has read it.
  let captured: CapturedDatabase?
  /// Seconds that an examination may take.
  let secondsMax: Double

  func run(_ snapshot: Snapshot, _ summary: inout TakeSnapshot.Summary) throws(SnapshotError) {
    let verdict = if let parent { try repository.health(of: parent.id) } else { SnapshotHealth.unchecked }
    if summary.unchanged, verdict != .unchecked {
      summary.health = verdict
      return try repository.note(.health, about: snapshot.id, value: verdict == .good)
    }
    let contents = try SnapshotContents(snapshot.manifest.tree, in: repository, index: index, captured: captured)
    var sound = SoundParts()
    if verdict == .good, let parent { sound = try unchanged(contents, since: parent) }
    try Self.examine(
      contents, of: snapshot.id, in: repository, sound: sound, secondsMax: secondsMax, &summary.health,
      &summary.warnings)
  }

  /// Examines what is in a snapshot, and notes the verdict. What was found is told even where it can't be noted; there is no
  /// verdict where the examination would take longer than it may.
  static func examine(
    _ contents: SnapshotContents, of snapshot: ChunkID, in repository: Repository, sound: SoundParts = SoundParts(),
    secondsMax: Double, _ health: inout SnapshotHealth, _ warnings: inout [SnapshotWarning]
  ) throws(SnapshotError) {
    let report: HealthReport
    do {
      report = try HealthCheck.run(contents, sound: sound, secondsMax: secondsMax)
    } catch let error as SnapshotError { throw error } catch is HealthCheck.OutOfTime {
      let limit = Int(secondsMax.rounded(.up))
      warnings.append(
        SnapshotWarning(
          .unexamined, "the examination was ended after \(limit) s: nothing is known of the snapshot's health"))
      return
    } catch { throw SnapshotError(.failed, "the health check failed: \(error)") }
    health = report.verdict == .good ? .good : .damaged
    warnings += report.warnings
    try repository.noteHealth(report, of: snapshot)
  }

  /// The parts that are as they were in a snapshot that was found good.
  private func unchanged(_ contents: SnapshotContents, since parent: Snapshot) throws(SnapshotError) -> SoundParts {
    var sound = SoundParts()
    // A parent that can't be read tells nothing.
    guard let before = try? SnapshotContents(parent.manifest.tree, in: repository, index: index) else { return sound }
    let name = ChromaDirectory.databaseName
    if let content = contents.content(name, in: nil) { sound.database = before.content(name, in: nil) == content }
    for folder in (try? contents.folders()) ?? [] {
      let isSame = HNSWFile.allCases.allSatisfy { file in
        contents.content(file.rawValue, in: folder) == before.content(file.rawValue, in: folder)
      }
      if isSame { sound.indexes.insert(folder) }
    }
    return sound
  }
}
