import SnapshotRepository

/// Says which file needs what can't be read.
func namingDamaged<Result>(
  _ path: @autoclosure () -> String, as fate: String = "can't be read",
  _ body: () throws(SnapshotError) -> Result
) throws(SnapshotError) -> Result {
  do throws(SnapshotError) { return try body() } catch {
    guard error.code == .damaged else { throw error }
    var named = error
    named.message = "\(path()) \(fate): \(error.message)"
    throw named
  }
}
