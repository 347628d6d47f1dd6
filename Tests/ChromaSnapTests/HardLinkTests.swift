import ChromaDB
import ChromaSnap
import SnapshotFormat
import Synchronization
import SystemIO
import SystemPackage
import Testing

/// Several names of one file.
struct HardLinkTests {
  @Test func `Only names with the same content are names of one file`() {
    func entry(_ content: UInt8, group: UInt64?) -> TreeEntry {
      let content = Content(length: 1, depth: 0, root: ChunkID(of: [content]))
      var entry = TreeEntry(
        name: [1], kind: .file(content, .regions), permissions: 0, owner: 0, group: 0, modified: Timestamp(seconds: 0))
      entry.linkGroup = group
      return entry
    }
    var links = HardLinks()
    let found = [(1, 7), (1, 7), (2, 7), (2, 7), (1, 8), (1, nil), (1, nil)].enumerated().map { place, made in
      links.original(of: entry(made.0, group: made.1), at: place)
    }
    #expect(found == [nil, 0, nil, 2, nil, nil, nil])
  }

  @Test func `A link in a folder that seemed unchanged goes with the database that is read again`() throws {
    let workshop = try Workshop()
    let database = workshop.source.appending("chroma.sqlite3")
    try SQLiteConnection(opening: database, .create).execute("CREATE TABLE t(x); INSERT INTO t VALUES(1)")
    let folder = workshop.source.appending("below").appending("further")
    try FileSystem.makeFolders(folder)
    try FileSystem.makeHardLink(to: database, at: folder.appending("link"))
    try workshop.write("below/other", [1, 2, 3])
    // Until all times tell.
    sleepFor(seconds: 2.2)
    try workshop.snapshot()
    try workshop.write("new", [1])

    // Once the walk is over and all is decided, somebody writes.
    let activity = Mutex<Activity?>(nil)
    let hasWritten = Atomic<Bool>(false)
    let watched = Activity {
      guard let figures = activity.withLock({ $0?.figures }), figures.filesTotal > 0,
        hasWritten.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged
      else { return false }
      try? SQLiteConnection(opening: database, .readWrite).execute("INSERT INTO t VALUES(2)")
      return false
    }
    activity.withLock { $0 = watched }
    let taken = try TakeSnapshot(source: workshop.source).run(in: workshop.location, activity: watched)
    let wrote = hasWritten.load(ordering: .relaxed)
    #expect(wrote)
    let restored = try workshop.restored(try #require(taken.snapshot))
    #expect(restored["chroma.sqlite3"] == restored["below/further/link"])
    #expect(try workshop.contents(of: workshop.source) == restored)
  }
}
