import ChromaDB
import ChromaDBTestSupport
import Foundation
import SystemIO
import SystemPackage
import Testing

struct CaptureTests {
  /// A fixture that was last written to long ago, a sink beside it, and how to capture the one into the other.
  private struct Scene {
    let scratch: ScratchFolder
    let source: FilePath
    let sink: FolderSink
    var options = CaptureOptions()

    init(_ version: String = "1.5.9") throws {
      scratch = try ScratchFolder()
      source = try scratch.unpack(version)
      sink = FolderSink(from: source, to: scratch.path.appending("copy"))
      options.pause = 0.06
      try settle()
    }

    var target: FilePath { sink.target }

    /// Gives all files a time well back, in the order in which Chroma writes them.
    func settle() throws {
      for folder in try ChromaDirectory.folders(in: source) {
        for name in HNSWFile.allCases where folder.files[name] != nil {
          try touch(folder.name, name, secondsAgo: name == .metadata ? 59 : 60)
        }
      }
    }

    func touch(_ folder: String, _ name: HNSWFile, secondsAgo: Int64) throws(SystemError) {
      try FileSystem.setModified(
        Timestamp.now.advanced(bySeconds: -secondsAgo), at: source.appending(folder).appending(name.rawValue))
    }

    func run() throws -> CaptureReport {
      try Capture.run(source, into: sink, scratch: scratch.path, options: options)
    }

    func persisted() throws -> String { try persistedFolder(of: source).lastComponent!.string }

    func files(_ path: FilePath) throws -> [String: [UInt8]] {
      var result: [String: [UInt8]] = [:]
      let contents = DirectoryContents(path)
      for folder in try contents.folders() {
        for file in HNSWFile.allCases {
          if let found = try contents.file(file.rawValue, in: folder) {
            result["\(folder)/\(file.rawValue)"] = try found.bytes(at: 0, count: Int(found.size))
          }
        }
      }
      result["database"] = try content(of: path.appending("chroma.sqlite3"))
      return result
    }

    func expectSame() throws { #expect(try files(source) == files(target)) }
    func expectHealthy() throws { #expect(try HealthCheck.run(DirectoryContents(target)).problems == []) }
    func writer() throws -> SQLiteConnection {
      try SQLiteConnection(opening: source.appending("chroma.sqlite3"), .readWrite)
    }
  }

  /// Turns errors of a hook's SQLite into what a sink may throw.
  private static func inHook(_ body: () throws -> Void) throws(SystemError) {
    do { try body() } catch { throw SystemError(.ioError, call: "\(error)") }
  }

  @Test(arguments: fixtureVersions)
  func `An idle directory is read once`(version: String) throws {
    let scene = try Scene(version)
    let report = try scene.run()
    #expect(scene.sink.calls == ["first pass"])
    #expect(report.tries == 1 && report.holdSeconds > 0 && report.warnings == [])
    #expect(report.schema != nil)
    try scene.expectSame()
  }

  @Test func `A database that changed since is read again under the hold`() throws {
    let scene = try Scene()
    scene.sink.before = { call throws(SystemError) in
      guard call == "first pass" else { return }
      try Self.inHook { try scene.writer().execute("DELETE FROM embeddings WHERE id = 1") }
    }
    let report = try scene.run()
    #expect(scene.sink.calls == ["first pass", "database held"])
    #expect(report.databaseReadAgain)
    try scene.expectSame()
  }

  /// A row less each time that something is read, as far as the database is not held then.
  private func disturb(_ scene: Scene, at disturbing: @escaping (String) -> Bool) {
    final class Count: @unchecked Sendable { var rows = 0 }
    let count = Count()
    scene.sink.before = { call throws(SystemError) in
      guard disturbing(call) else { return }
      count.rows += 1
      try Self.inHook { try scene.writer().execute("DELETE FROM embeddings WHERE id = \(count.rows)") }
    }
  }

  @Test func `A long database that changed since is read again before the hold, and under it`() throws {
    var scene = try Scene()
    scene.options.freePassBytes = 0
    disturb(scene) { $0 == "first pass" || $0 == "database free" }
    let report = try scene.run()
    // The sink says that nothing had changed, so once is enough.
    #expect(scene.sink.calls == ["first pass", "database free", "database held"])
    #expect(report.freePasses == 1 && report.databaseReadAgain && report.tries == 1)
    try scene.expectSame()
  }

  /// Bytes that each reading finds changed, and how many readings without the hold there are then.
  @Test(
    arguments: [([1024, 256, 64, 1], 3), ([1024, 256, 1], 3), ([1024, 1024, 1024], 2), ([1], 1)] as [([Int], Int)])
  func `It is read before the hold while that leaves less to read under it`(mebibytes: [Int], passes: Int) throws {
    var scene = try Scene()
    scene.options.freePassBytes = 0
    scene.sink.changedBytes = mebibytes.map { UInt64($0) << 20 }
    disturb(scene) { $0 != "database held" }
    let report = try scene.run()
    #expect(report.freePasses == passes)
    let free = Array(repeating: "database free", count: passes)
    #expect(scene.sink.calls == ["first pass"] + free + ["database held"])
    try scene.expectSame()
  }

  @Test func `A hold is given up where too much has changed, until there were too many`() throws {
    var scene = try Scene()
    scene.options.heldBytesMax = 1
    scene.options.triesMax = 2
    disturb(scene) { $0 == "first pass" }
    let report = try scene.run()
    #expect(scene.sink.calls == ["first pass", "database held", "database held", "database held"])
    #expect(report.tries == 3)
    #expect(scene.sink.releases == 3)
    try scene.expectSame()
  }

  @Test func `An index that changed since and is at rest is read again without the hold`() throws {
    let scene = try Scene()
    let folder = try scene.persisted()
    scene.sink.before = { call throws(SystemError) in
      // Chroma persisted, half a minute ago by its own account; a second reading would see another change time.
      guard call == "first pass" else { return }
      for name in HNSWFile.allCases { try scene.touch(folder, name, secondsAgo: 30) }
    }
    let report = try scene.run()
    #expect(scene.sink.calls.dropFirst().contains { $0.hasPrefix("folder") })
    #expect(report.foldersReadAgain >= 1)
    try scene.expectSame()
  }

  @Test func `An index whose pickle is yet to come is waited for`() throws {
    let scene = try Scene()
    let folder = try scene.persisted()
    scene.sink.before = { call throws(SystemError) in
      guard call == "first pass" else { return }
      try scene.touch(folder, .header, secondsAgo: 0)
    }
    // The pickle comes when the capture has given a hold up.
    let at = scene.source.appending(folder)
    let finished = Task.detached {
      sleepFor(seconds: 0.4)
      for name in HNSWFile.allCases { try FileSystem.setModified(.now, at: at.appending(name.rawValue)) }
    }
    let report = try scene.run()
    withExtendedLifetime(finished) {}
    #expect(report.tries > 1)
    #expect(scene.sink.calls.contains { $0.hasPrefix("folder") })
    try scene.expectSame()
  }

  @Test func `An index that never comes to rest is an error after all tries`() throws {
    var scene = try Scene()
    scene.options.triesMax = 2
    scene.options.restMax = 0.2
    scene.options.looksForUsers = false
    let folder = try scene.persisted()
    // A header in the future is newer than any pickle.
    try scene.touch(folder, .header, secondsAgo: -3600)
    let sink = scene.sink
    let scratch = scene.scratch
    let source = scene.source
    let options = scene.options
    #expect {
      _ = try Capture.run(source, into: sink, scratch: scratch.path, options: options)
    } throws: { error in
      guard case CaptureFailure<SystemError>.chroma(let cause) = error else { return false }
      return cause.code == .unstable
    }
    // The hold is gone with it.
    try scene.writer().execute("DELETE FROM embeddings WHERE id = 1")
  }

  @Test func `Files out of order for long are a copied directory`() throws {
    var scene = try Scene()
    let folder = try scene.persisted()
    for name in HNSWFile.allCases { try scene.touch(folder, name, secondsAgo: name == .metadata ? 70 : 60) }
    scene.options.triesMax = 1000
    scene.options.abandonedAfter = 0.3
    let report = try scene.run()
    #expect(report.foldersAwaited == 0)
    try scene.expectSame()
  }

  @Test func `Orphans are left out and named, or taken`() throws {
    for isTaken in [false, true] {
      var scene = try Scene()
      scene.options.includesOrphans = isTaken
      let orphan = "0123abcd-0000-4000-8000-000000000000"
      try FileSystem.makeFolder(scene.source.appending(orphan))
      try replace(scene.source.appending(orphan).appending("header.bin"), with: [1, 2, 3])
      let report = try scene.run()
      #expect(report.orphans == [orphan])
      #expect(report.warnings.map(\.code) == [.orphanFolder] && report.warnings.first?.path == orphan)
      #expect(FileStatus.exists(scene.target.appending(orphan)) == isTaken)
      #expect(scene.sink.calls == ["first pass"])
    }
  }

  @Test func `A collection deleted meanwhile is left out`() throws {
    let scene = try Scene()
    let folder = try scene.persisted()
    scene.sink.before = { call throws(SystemError) in
      guard call == "first pass" else { return }
      try Self.inHook {
        try scene.writer().execute(
          """
          DELETE FROM collections WHERE id = (SELECT collection FROM segments WHERE id = '\(folder)');
          DELETE FROM segments WHERE id = '\(folder)';
          """)
      }
    }
    let report = try scene.run()
    #expect(scene.sink.calls == ["first pass", "leave out", "database held"])
    #expect(report.orphans == [folder])
    #expect(!FileStatus.exists(scene.target.appending(folder)))
    try scene.expectHealthy()
  }

  @Test func `A collection made meanwhile is taken`() throws {
    let scene = try Scene()
    let folder = try scene.persisted()
    let aside = scene.scratch.path.appending("aside")
    try FileSystem.rename(scene.source.appending(folder), to: aside)
    // It appears while the first pass is about to begin, which has listed what is there already.
    final class Once: @unchecked Sendable { var isDone = false }
    let once = Once()
    scene.sink.before = { call throws(SystemError) in
      guard !once.isDone else { return }
      once.isDone = true
      try FileSystem.rename(aside, to: scene.source.appending(folder))
    }
    let report = try scene.run()
    #expect(report.foldersReadAgain >= 1)
    try scene.expectSame()
    try scene.expectHealthy()
  }

  @Test func `In WAL mode the copy is read after the hold`() throws {
    let scene = try Scene()
    _ = try scene.writer().text("PRAGMA journal_mode = wal")
    let user = Process()
    user.executableURL = URL(filePath: "/bin/sleep")
    user.arguments = ["60"]
    do {
      let file = try #require(FileHandle(forReadingAtPath: scene.source.appending("chroma.sqlite3").string))
      user.standardInput = file
      try user.run()
      try file.close()
    }
    defer { user.terminate() }
    var writers: [SQLiteConnection] = []
    scene.sink.before = { call throws(SystemError) in
      // After the hold writers go on: this row is not in the copy.
      let row = call == "first pass" ? 1 : 2
      try Self.inHook {
        let writer = try scene.writer()
        try writer.execute("DELETE FROM embeddings WHERE id = \(row)")
        writers.append(writer)
      }
    }
    let report = try scene.run()
    #expect(scene.sink.calls == ["first pass", "database free"])
    #expect(report.condition == .writeAheadLog)
    let copy = try SnapshotVFS.open(MemoryFile(try content(of: scene.target.appending("chroma.sqlite3"))))
    #expect(try copy.read { try $0.integer("SELECT count(*) FROM embeddings WHERE id < 3") } == 1)
  }

  @Test func `A database that is not Chroma's is taken with a warning`() throws {
    let scene = try Scene()
    try scene.writer().execute("DROP TABLE migrations")
    let report = try scene.run()
    #expect(report.warnings.map(\.code) == [.notChroma])
    try scene.expectSame()
  }

  @Test func `A later version is taken with a warning`() throws {
    let scene = try Scene()
    try scene.writer().execute(
      "INSERT INTO migrations SELECT dir, 99, 'later', sql, hash FROM migrations WHERE dir = 'sysdb' LIMIT 1")
    let report = try scene.run()
    #expect(report.warnings.map(\.code) == [.unknownVersion])
    try scene.expectSame()
  }

  @Test func `Offline nothing is locked and all is read once`() throws {
    var scene = try Scene()
    scene.options.isOffline = true
    let report = try scene.run()
    #expect(scene.sink.calls == ["first pass"])
    #expect(report.tries == 1)
    try scene.expectSame()
  }

  @Test func `A directory that vanishes is a clear error`() throws {
    let scene = try Scene()
    scene.sink.before = { call throws(SystemError) in
      if call == "first pass" { try FileSystem.removeTree(scene.source) }
    }
    #expect(throws: (any Error).self) { _ = try scene.run() }
  }
}
