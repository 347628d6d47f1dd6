import ChromaDB
import SystemIO
import SystemPackage
import Testing

struct InventoryTests {
  @Test(arguments: fixtureVersions)
  func `A directory is recognised, whichever version wrote it`(version: String) throws {
    let scratch = try ScratchFolder()
    let path = try scratch.unpack(version)
    let directory = try #require(try ChromaDirectory.detect(path))
    #expect(directory.header.pageSize == 4096)
    #expect(!directory.header.usesWriteAheadLog)
    #expect(directory.folders.count == 2)
    #expect(directory.folders.count { $0.isPersisted } == 1)
    #expect(directory.sidecars.isEmpty)
    #expect(directory.bloat.isEmpty)
  }

  @Test func `What is no Chroma directory is not recognised`() throws {
    let scratch = try ScratchFolder()
    #expect(try ChromaDirectory.detect(scratch.path) == nil)
    try replace(scratch.path.appending("chroma.sqlite3"), with: Array("not a database".utf8))
    #expect(try ChromaDirectory.detect(scratch.path) == nil)
  }

  @Test func `A sparse and an oversized link list are noticed`() throws {
    let scratch = try ScratchFolder()
    let path = try scratch.unpack("1.5.9")
    let links = try persistedFolder(of: path).appending("link_lists.bin")
    try Descriptor(opening: links, .readWrite).resize(to: 40 << 20)
    let directory = try #require(try ChromaDirectory.detect(path))
    #expect(directory.bloat.map(\.file) == [.links])
    #expect(directory.bloat.first?.kind == .oversized)
    #expect(directory.bloat.first?.size == 40 << 20)
  }

  @Test(arguments: fixtureVersions)
  func `The inventory names every collection and counts its records`(version: String) throws {
    let scratch = try ScratchFolder()
    let path = try scratch.unpack(version)
    let contents = DirectoryContents(path)
    let file = try #require(try contents.file("chroma.sqlite3", in: nil))
    let inventory = try #require(
      try SnapshotVFS.open(file).read { try InventoryReader.read($0, contents: contents) })
    #expect(inventory.schema.family == (version == "1.5.9" ? .v1 : version == "0.6.3" ? .v0_5_v0_6 : .v0_4))
    #expect(inventory.collections.map(\.name) == ["empty", "notes", "pictures"])
    #expect(inventory.records == 136)
    let notes = inventory.collections[1]
    #expect(notes.tenant == "default_tenant" && notes.database == "default_database")
    #expect(notes.dimension == 8 && notes.distance == "cosine" && notes.records == 68)
    #expect(notes.settings["sync_threshold"] == "20")
    #expect(notes.indexBytes > 0)
    let backlog = 73 - (notes.vectorSequence ?? 0)
    #expect(notes.backlog == backlog && backlog < 20)
    #expect(inventory.collections[2].distance == "l2")
    #expect(inventory.collections[2].backlog == 73)
    #expect(inventory.collections[0].dimension == nil)
  }

  @Test func `Later migrations than known are an unknown version`() {
    #expect(ChromaSchema(sysdb: 11, metadb: 6, embeddingsQueue: 2).family == .unknown)
    #expect(ChromaSchema(sysdb: 10, metadb: 6, embeddingsQueue: 2).family == .v1)
    #expect(ChromaSchema(sysdb: 9, metadb: 4, embeddingsQueue: 2).family == .v0_5_v0_6)
    #expect(ChromaSchema(sysdb: 4, metadb: 3, embeddingsQueue: 1).family == .v0_4)
  }

  @Test(arguments: fixtureVersions)
  func `Records are compared by id and by what wrote them last`(version: String) throws {
    let scratch = try ScratchFolder()
    let path = try scratch.unpack(version)
    let before = try #require(try DirectoryContents(path).file("chroma.sqlite3", in: nil))
    let later = scratch.path.appending("later.sqlite3")
    try replace(later, with: try content(of: path.appending("chroma.sqlite3")))
    let writer = try SQLiteConnection(opening: later, .readWrite)
    let notes = try #require(try InventoryReader.read(writer)?.collections[1])
    try writer.execute(
      """
      DELETE FROM embeddings WHERE embedding_id = 'notes-20' AND segment_id = '\(notes.metadataSegment)';
      UPDATE embeddings SET seq_id = 999 WHERE embedding_id = 'notes-21';
      INSERT INTO embeddings (segment_id, embedding_id, seq_id) VALUES ('\(notes.metadataSegment)', 'notes-2x', 1000);
      """)
    let old = try SnapshotVFS.open(before)
    var changes: [String] = []
    let counts = try old.read { old in
      try RecordComparison.run(
        old: RecordCursor(old, collection: notes), new: RecordCursor(writer, collection: notes)
      ) { changes.append("\($0) \($1)") }
    }
    #expect(changes == ["removed notes-20", "changed notes-21", "added notes-2x"])
    #expect(counts.added == 1 && counts.changed == 1 && counts.removed == 1)
  }
}
