import ChromaDB
import SnapshotFormat
import SnapshotRepository
import SystemPackage

/// A directory that was Chroma's, and is not any more: said with every snapshot, until somebody accepts it.
struct LostDatabase {
  private let path: FilePath
  /// The last snapshot that had the database.
  private let last: Snapshot
  /// The newest of those that have been taken without it.
  private let since: Snapshot?

  /// `nil` where nothing is lost, or the loss is intended.
  init?(_ path: FilePath, after parent: Snapshot, in catalogue: Catalogue) throws(SnapshotError) {
    guard let last = try Self.last(before: parent, in: catalogue) else { return nil }
    self.path = path
    self.last = last
    since = last.id == parent.id ? nil : parent
  }

  private static func last(before parent: Snapshot, in catalogue: Catalogue) throws(SnapshotError) -> Snapshot? {
    if parent.manifest.source.kind == .chroma { return parent }
    let source = parent.manifest.source.id
    // Only where the first of all had a database: ordinary directories pay for no search.
    let first = try catalogue.snapshots(.ofSource(source), newest: 1, order: .ofSourceBackwards).first
    guard first?.manifest.source.kind == .chroma else { return nil }
    let accepted = try catalogue.verdicts(.acknowledged)
    for snapshot in try catalogue.snapshots(.ofSource(source)).reversed() {
      if snapshot.manifest.source.kind == .chroma { return snapshot }
      if accepted[snapshot.id] == true { return nil }
    }
    return nil
  }

  var warning: SnapshotWarning {
    let advice = since.map { "; if that is intended: chromasnap forget --accept-collapse \($0.id.short)" } ?? ""
    return SnapshotWarning(
      .damagedSource,
      "\(path) was a Chroma directory when \(last.manifest.name) was taken, and is none now: its database is "
        + "missing, or no SQLite database\(advice)",
      path: Array(ChromaDirectory.databaseName.utf8))
  }
}
