import ChromaDB
import SnapshotFormat
import SnapshotRepository
import SystemIO

/// Looks at a snapshot of a Chroma directory as Chroma would: what is in it, and whether it is sound.
struct ChromaExamination {
  private let contents: SnapshotContents

  init(
    _ tree: Content, in repository: Repository, index: ChunkIndex, captured: CapturedDatabase? = nil
  ) throws(SnapshotError) {
    contents = try SnapshotContents(tree, in: repository, index: index, captured: captured)
  }

  /// What is in it; `nil` where its tables are not Chroma's, or can't be read.
  /// - Parameter tables: What those of the captured database say, where somebody has read them already.
  func summary(tables: Inventory? = nil) throws(SnapshotError) -> ChromaSummary? {
    do {
      if var inventory = tables, contents.holdsCaptured,
        inventory.collections.allSatisfy({ $0.vectorSequence != nil })
      {
        try InventoryReader.measure(&inventory, contents)
        return ChromaSummary(inventory)
      }
      guard let file = try contents.file(ChromaDirectory.databaseName, in: nil) else { return nil }
      let database = try SnapshotVFS.open(file)
      guard let inventory = try database.read({ try InventoryReader.read($0, contents: contents) }) else { return nil }
      return ChromaSummary(inventory)
    } catch let error as SnapshotError { throw error } catch { return nil }
  }

  /// Chroma's offline check.
  func health() throws(SnapshotError) -> HealthReport {
    do { return try HealthCheck.run(contents) } catch let error as SnapshotError { throw error } catch {
      throw SnapshotError(.failed, "the health check failed: \(error)")
    }
  }
}

extension ChromaSummary {
  init(_ inventory: Inventory) {
    self.init(
      schema: inventory.schema.text,
      collections: inventory.collections.map { collection in
        Collection(
          tenant: collection.tenant, database: collection.database, name: collection.name, id: collection.id,
          dimension: collection.dimension, distance: collection.distance, records: collection.records,
          backlog: collection.backlog, settings: collection.settings, indexBytes: collection.indexBytes)
      })
  }
}
