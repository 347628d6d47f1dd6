import SnapshotRepository
import Testing

/// What is done while the arguments are parsed.
struct WarmUpTests {
  @Test func `What opening a repository does is done in memory, to the end`() { #expect(Repository.warmUp()) }
}
