import ChromaDB
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

/// A Chroma directory on disk that nobody uses: one that was just restored.
struct RestoredDirectory {
  private let contents: DirectoryContents

  init(_ path: FilePath) { contents = DirectoryContents(path) }

  /// What is wrong with it: by Chroma's offline check, and by the counts that the manifest holds.
  func examine(against manifest: Manifest) throws(SnapshotError) -> [String] {
    do {
      let report = try HealthCheck.run(contents)
      var problems = report.problems.map(\.description)
      guard let expected = manifest.chroma, let found = report.records else { return problems }
      for collection in expected.collections {
        let records = found[collection.id]
        if records != collection.records {
          problems.append(
            "collection count mismatch: \(collection.name) holds \(records.map { "\($0)" } ?? "no") records, the snapshot "
              + "says \(collection.records). Examine it with `chromasnap health`, or restore an older snapshot"
          )
        }
      }
      return problems
    } catch { throw SnapshotError(.failed, "the restored directory could not be examined: \(error)") }
  }
}

extension RestoredDirectory {
  /// Records that were read back.
  struct Sample {
    var vectors = 0
    var documents = 0
    var problems: [String] = []
  }

  /// Reads some records of each collection back, picked at random.
  func sample() -> Sample {
    var generator = SystemRandomNumberGenerator()
    do {
      guard let found = try RecordSample.read(contents, using: &generator) else { return Sample() }
      return Sample(
        vectors: found.vectors, documents: found.documents, problems: found.problems.map(\.description))
    } catch {
      return Sample(problems: ["records could not be read back: \(error)"])
    }
  }
}
