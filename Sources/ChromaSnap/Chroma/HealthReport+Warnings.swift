import ChromaDB

extension HealthReport {
  /// What is wrong, as warnings about what was saved.
  var warnings: [SnapshotWarning] {
    problems.map { SnapshotWarning(.damagedSource, "\($0)", path: $0.path.map { Array($0.utf8) }) }
  }
}
