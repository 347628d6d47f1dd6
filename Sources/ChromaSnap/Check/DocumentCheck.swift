import SnapshotFormat
import SnapshotRepository
import SystemIO

/// Reads every manifest, note, audit entry and condemned list from the store itself, whatever the catalogue says.
struct DocumentCheck: Sendable {
  let repository: Repository

  func run() throws(SnapshotError) -> [CheckRepository.Problem] {
    var problems: [CheckRepository.Problem] = []
    try checkMonths(ObjectNames.snapshots, Manifest.self, .damagedManifest, &problems)
    try checkMonths(ObjectNames.notes, Note.self, .damagedNote, &problems)
    try checkMonths(ObjectNames.audit, AuditEntry.self, .damagedAudit, &problems)
    for object in try repository.condemnedObjects() { check(object, Condemned.self, .damagedDocument, &problems) }
    return problems
  }

  private func checkMonths<Value: Decodable>(
    _ parent: String, _ type: Value.Type, _ code: CheckRepository.Problem.Code,
    _ problems: inout [CheckRepository.Problem]
  ) throws(SnapshotError) {
    for object in try repository.documents(in: parent) { check(object, type, code, &problems) }
  }

  private func check<Value: Decodable>(
    _ object: String, _ type: Value.Type, _ code: CheckRepository.Problem.Code,
    _ problems: inout [CheckRepository.Problem]
  ) {
    do throws(SnapshotError) { _ = try repository.readDocument(object, as: type) } catch {
      var problem = CheckRepository.Problem(code: code, message: error.message)
      // What the document was about is still in its name.
      if code != .damagedDocument { problem.document = ObjectNames.id(in: object) }
      if code == .damagedManifest, let id = problem.document {
        problem.affected = [CheckRepository.Problem.Affected(snapshot: id, path: nil)]
      }
      problems.append(problem)
    }
  }
}
