import SnapshotFormat
import SnapshotRepository

/// Writes damaged documents anew: as the local catalogue has them, or with the one bit put right that has flipped.
struct RepairDocuments {
  let repository: Repository
  let isDryRun: Bool

  func run(_ activity: Activity) throws(SnapshotError) -> RepairRepository.Documents {
    var result = RepairRepository.Documents()
    for object in try repository.documents() {
      try activity.checkpoint()
      do throws(SnapshotError) {
        let (id, document) = try repository.readDocument(object)
        if try repository.putInPlace(object, id, document, isDryRun: isDryRun) { result.mended.append(object) }
      } catch {
        // One that can't be read for another reason may be well.
        if error.code == .damaged, let document = try repository.mended(object) {
          if !isDryRun { try repository.mend(object, with: document) }
          result.mended.append(object)
        } else {
          var failure = error
          failure.hint = try repository.wayOut(of: object)
          result.kept.append((object, failure))
        }
      }
    }
    return result
  }
}
