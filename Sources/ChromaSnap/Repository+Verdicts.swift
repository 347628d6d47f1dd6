import ChromaDB
package import SnapshotFormat
package import SnapshotRepository
import SystemIO

/// What notes say about snapshots.
extension Repository {
  /// The snapshots that are pinned.
  package func pinned() throws(SnapshotError) -> Set<ChunkID> {
    Set(try catalogue.verdicts(.pin).filter(\.value).keys)
  }

  /// The snapshots that a check has found hurt and none has found sound since.
  func hurt() throws(SnapshotError) -> Set<ChunkID> {
    Set(try catalogue.verdicts(.hurt).filter(\.value).keys)
  }

  /// How the last drill of each snapshot went.
  func drillVerdicts() throws(SnapshotError) -> [ChunkID: Bool] {
    try catalogue.verdicts(.drill)
  }

  /// What examinations have found, by snapshot.
  func healthVerdicts() throws(SnapshotError) -> [ChunkID: Bool] {
    try catalogue.verdicts(.health)
  }

  func health(of snapshot: ChunkID) throws(SnapshotError) -> SnapshotHealth {
    SnapshotHealth(try catalogue.verdicts(.health, about: [snapshot])[snapshot])
  }

  /// Writes a note about a snapshot that counts more than those before it.
  /// - Parameters:
  ///   - problems: What is wrong; the first of it is written down.
  ///   - seconds: How long it took to find out.
  func note(
    _ kind: Note.Kind, about snapshot: ChunkID, value: Bool, problems: [String] = [], seconds: Double? = nil
  ) throws(SnapshotError) {
    let last = try catalogue.notes(kind, about: snapshot).last?.note.sequence ?? 0
    let text = problems.prefix(20).joined(separator: "; ")
    try add(
      Note(
        kind: kind, time: .now, sequence: last + 1, snapshot: snapshot, value: value, text: text.isEmpty ? nil : text,
        seconds: seconds))
  }

  /// Writes down what an examination has found.
  func noteHealth(_ report: HealthReport, of snapshot: ChunkID) throws(SnapshotError) {
    try note(
      .health, about: snapshot, value: report.verdict == .good, problems: report.problems.map(\.message))
  }
}
