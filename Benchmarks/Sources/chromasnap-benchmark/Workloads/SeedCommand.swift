import ArgumentParser
import ChromaSnap
import Foundation
import SnapshotRepository
import SystemIO
import SystemPackage

/// Fills a repository with snapshots of a small folder that changes a little each time: through the library, in one
/// process, on a store that does not wait for the disk.
struct SeedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "seed", abstract: "Fill a repository with snapshots; prints the CPU seconds that each took, by tenths."
  )

  @Argument(help: "The folder to make and to snapshot.") var source: String
  @Argument var repository: String
  @Argument(help: "The folder for caches.") var caches: String
  @Option var snapshots = 10_000

  /// Seconds between two snapshots.
  static let spacing: Int64 = 600

  func run() throws {
    let seed = SeedSource(source)
    try seed.make()
    let place = Repository.Place(
      store: UnsyncedStore(FilePath(repository)), name: repository, caches: FilePath(caches), lockTimeout: 0)
    let location = RepositoryLocation(place: place)
    try location.create()
    let end = Timestamp.now
    var verb = TakeSnapshot(source: FilePath(source))
    var tenths: [Double] = []
    var started = Self.processorSeconds()
    for number in 0..<snapshots {
      try seed.change(number)
      let time = end.advanced(bySeconds: Int64(number - snapshots) * Self.spacing)
      verb.now = { time }
      let summary = try verb.run(in: location)
      guard summary.filesChanged == 1 || number == 0 else {
        throw BenchmarkError("snapshot \(number) found \(summary.filesChanged) changed files instead of one")
      }
      if (number + 1) % max(1, snapshots / 10) == 0 {
        tenths.append((Self.processorSeconds() - started) / Double(max(1, snapshots / 10)))
        started = Self.processorSeconds()
      }
    }
    print(String(decoding: try JSONEncoder().encode(tenths), as: UTF8.self))
  }

  private static func processorSeconds() -> Double {
    var value = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &value)
    return Double(value.tv_sec) + Double(value.tv_nsec) * 1e-9
  }
}

/// A folder of 20 files in four folders.
struct SeedSource {
  let folder: String
  init(_ folder: String) { self.folder = folder }

  static let files = 20

  private func path(_ file: Int) -> String { "\(folder)/\(file % 4)/file-\(file).txt" }

  func make() throws {
    for file in 0..<Self.files {
      try Folders.make("\(folder)/\(file % 4)")
      try Data(text(file, 0).utf8).write(to: URL(fileURLWithPath: path(file)))
    }
  }

  /// The state number `number`: one file differs from the state before.
  func change(_ number: Int) throws {
    let file = number % Self.files
    try Data(text(file, number + 1).utf8).write(to: URL(fileURLWithPath: path(file)))
  }

  private func text(_ file: Int, _ number: Int) -> String {
    var random = SplitMix(seed: UInt64(file))
    let lines = (0..<200).map { _ in "line of file \(file): \(random.next())" }
    return "state \(number)\n" + lines.joined(separator: "\n")
  }
}
