import SnapshotFormat
import SnapshotRepository
import SystemIO

/// Reads every manifest, note, audit entry and condemned list from the store itself, whatever the catalogue says.
struct DocumentCheck: Sendable {
  let repository: Repository

  func run() throws(SnapshotError) -> [CheckRepository.Problem] {
    var problems: [CheckRepository.Problem] = []
    try checkMonths(ObjectNames.snapshots, .damagedManifest, &problems) { (object) throws(SnapshotError) in
      _ = try repository.readManifest(object)
    }
    try checkMonths(ObjectNames.notes, .damagedNote, &problems) { (object) throws(SnapshotError) in
      _ = try repository.readDocument(object, as: Note.self)
    }
    try checkMonths(ObjectNames.audit, .damagedAudit, &problems) { (object) throws(SnapshotError) in
      _ = try repository.readDocument(object, as: AuditEntry.self)
    }
    for object in try repository.condemnedObjects() {
      try check(object, .damagedDocument, &problems) { (object) throws(SnapshotError) in
        _ = try repository.readDocument(object, as: Condemned.self)
      }
    }
    return problems
  }

  private func checkMonths(
    _ parent: String, _ code: CheckRepository.Problem.Code, _ problems: inout [CheckRepository.Problem],
    _ read: (String) throws(SnapshotError) -> Void
  ) throws(SnapshotError) {
    for object in try repository.documents(in: parent) { try check(object, code, &problems, read) }
  }

  private func check(
    _ object: String, _ code: CheckRepository.Problem.Code, _ problems: inout [CheckRepository.Problem],
    _ read: (String) throws(SnapshotError) -> Void
  ) throws(SnapshotError) {
    do throws(SnapshotError) { try read(object) } catch {
      var problem = CheckRepository.Problem(code: code, message: error.message)
      // What the document was about is still in its name.
      if code != .damagedDocument {
        problem.document = ObjectNames.id(in: object)
        problem.wayOut = try repository.wayOut(of: object)
      }
      if code == .damagedManifest, let id = problem.document, try repository.original(of: object) == nil {
        problem.affected = [CheckRepository.Problem.Affected(snapshot: id, path: nil)]
      }
      problems.append(problem)
    }
  }
}
