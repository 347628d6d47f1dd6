import ChromaDB
import ChromaDBTestSupport
import Foundation
import SystemIO
import SystemPackage
import Testing

struct DatabaseHoldTests {
  private func hold(
    _ directory: FilePath, _ scratch: ScratchFolder, _ limits: DatabaseHold.Limits = .init(), isOffline: Bool = false
  ) throws -> DatabaseHold {
    try DatabaseHold(directory, scratch: scratch.path, limits: limits, isOffline: isOffline)
  }

  private func database(_ directory: FilePath) -> FilePath { directory.appending("chroma.sqlite3") }

  private func writer(_ directory: FilePath) throws -> SQLiteConnection {
    try SQLiteConnection(opening: database(directory), .readWrite)
  }

  private func expect(_ code: ChromaError.Code, _ body: () throws -> Void) {
    #expect { try body() } throws: { ($0 as? ChromaError)?.code == code }
  }

  private func copyAll(_ hold: DatabaseHold) throws -> [UInt8] {
    switch try hold.content() {
    case .pinned:
      let copy = try hold.copyPinned()
      return try withExtendedLifetime(copy) { try ChromaDBTests.content(of: copy.path) }
    case .file(let file): return try file.bytes(at: 0, count: Int(file.size))
    case .copy(let copy): return try withExtendedLifetime(copy) { try ChromaDBTests.content(of: copy.path) }
    }
  }

  @Test(arguments: ["delete", "wal"])
  func `Others can read under the hold, and write after it`(mode: String) throws {
    let scratch = try ScratchFolder()
    let directory = try scratch.unpack("1.5.9")
    #expect(try writer(directory).text("PRAGMA journal_mode = \(mode)") == mode)
    let hold = try hold(directory, scratch)
    let condition = try hold.acquire()
    #expect(condition == (mode == "wal" ? .writeAheadLog : .rollbackJournal))
    let other = try writer(directory)
    #expect(try other.integer("SELECT count(*) FROM embeddings") == 136)
    #expect { try other.execute("BEGIN IMMEDIATE") } throws: { ($0 as? SQLiteError)?.isBusy == true }
    try hold.assertStands()
    #expect(try hold.release() > 0)
    try other.execute("DELETE FROM embeddings WHERE id = 1")
    // Again, with the same connections.
    _ = try hold.acquire()
    let bytes = try copyAll(hold)
    try hold.release()
    let copy = try SnapshotVFS.open(MemoryFile(bytes))
    #expect(try copy.read { try $0.integer("SELECT count(*) FROM embeddings") } == 135)
    #expect(try copy.read { try $0.text("PRAGMA quick_check") } == "ok")
  }

  @Test func `A write-ahead log is copied after the hold as it was under it`() throws {
    let scratch = try ScratchFolder()
    let directory = try scratch.unpack("1.5.9")
    _ = try writer(directory).text("PRAGMA journal_mode = wal")
    let hold = try hold(directory, scratch)
    #expect(try hold.acquire() == .writeAheadLog)
    let other = try writer(directory)
    guard case .pinned = try hold.content() else {
      Issue.record("a write-ahead log is pinned")
      return
    }
    try hold.release()
    // Others write on, and fold their log in as far as they can.
    for id in 1...20 { try other.execute("DELETE FROM embeddings WHERE id = \(id)") }
    _ = try other.text("PRAGMA wal_checkpoint(PASSIVE)")
    let pinned = try hold.copyPinned()
    let copy = try SnapshotVFS.open(
      MemoryFile(try withExtendedLifetime(pinned) { try content(of: pinned.path) }))
    #expect(try copy.read { try $0.integer("SELECT count(*) FROM embeddings") } == 136)
    // The pin is gone with the copy.
    #expect(throws: ChromaError.self) { _ = try hold.copyPinned() }
  }

  @Test(arguments: ["delete", "wal"])
  func `Waiting for a writer that never ends is given up`(mode: String) throws {
    let scratch = try ScratchFolder()
    let directory = try scratch.unpack("1.5.9")
    _ = try writer(directory).text("PRAGMA journal_mode = \(mode)")
    var limits = DatabaseHold.Limits()
    limits.wait = 0.05
    let hold = try hold(directory, scratch, limits)
    let other = try writer(directory)
    try other.execute("BEGIN IMMEDIATE")
    expect(.busy) { _ = try hold.acquire() }
    try other.execute("ROLLBACK")
    _ = try hold.acquire()
    try hold.release()
  }

  enum Closed: CaseIterable { case database, hardLink, sharedMemory }

  @Test(arguments: Closed.allCases)
  func `A descriptor closed under the hold is noticed`(closed: Closed) throws {
    let scratch = try ScratchFolder()
    let directory = try scratch.unpack("1.5.9")
    if closed == .sharedMemory { _ = try writer(directory).text("PRAGMA journal_mode = wal") }
    let link = scratch.path.appending("link")
    try FileSystem.makeHardLink(to: database(directory), at: link)
    let hold = try hold(directory, scratch)
    _ = try hold.acquire()
    try hold.assertStands()
    switch closed {
    case .database: _ = try Descriptor(opening: database(directory)).status()
    case .hardLink: _ = try Descriptor(opening: link).status()
    case .sharedMemory: _ = try Descriptor(opening: directory.appending("chroma.sqlite3-shm")).status()
    }
    expect(.lockLost) { try hold.release() }
  }

  @Test func `A database that this process has open is refused`() throws {
    let scratch = try ScratchFolder()
    let directory = try scratch.unpack("1.5.9")
    let link = scratch.path.appending("link")
    try FileSystem.makeHardLink(to: database(directory), at: link)
    do {
      let first = try hold(directory, scratch)
      expect(.openInThisProcess) { _ = try hold(directory, scratch) }
      expect(.openInThisProcess) { _ = try DatabaseFile(opening: link) }
      withExtendedLifetime(first) {}
    }
    do {
      let mine = try Descriptor(opening: database(directory))
      expect(.openInThisProcess) { _ = try hold(directory, scratch) }
      _ = try mine.status()
    }
    _ = try hold(directory, scratch).acquire()
  }

  @Test func `A hold that outlasts its limit is given back and void`() throws {
    let scratch = try ScratchFolder()
    let directory = try scratch.unpack("1.5.9")
    var limits = DatabaseHold.Limits()
    limits.hold = 0.05
    let hold = try hold(directory, scratch, limits)
    let other = try writer(directory)
    _ = try hold.acquire()
    // The watchdog alone makes this end.
    while (try? other.execute("BEGIN IMMEDIATE")) == nil { sleepFor(seconds: 0.01) }
    try other.execute("ROLLBACK")
    expect(.holdExpired) { try hold.release() }
    _ = try hold.acquire()
    hold.abandon()
  }

  @Test func `Without write permission there is no hold, but an offline one`() async {
    await #expect(processExitsWith: .success) {
      let scratch = try ScratchFolder()
      let directory = try scratch.unpack("1.5.9")
      try FileSystem.setPermissions(0o755, at: scratch.path)
      try FileSystem.setPermissions(0o444, at: directory.appending("chroma.sqlite3"))
      if getuid() == 0 { try #require(setuid(65534) == 0) }
      do {
        _ = try DatabaseHold(directory, scratch: scratch.path).acquire()
        exit(1)
      } catch {
        guard (error as? ChromaError)?.code == .needsWritePermission else { exit(2) }
      }
      let offline = try DatabaseHold(directory, scratch: scratch.path, isOffline: true)
      _ = try offline.acquire()
      guard case .file = try offline.content() else { exit(3) }
      try offline.release()
    }
  }

  @Test func `Offline, a change meanwhile voids the hold`() throws {
    let scratch = try ScratchFolder()
    let directory = try scratch.unpack("1.5.9")
    let hold = try hold(directory, scratch, isOffline: true)
    _ = try hold.acquire()
    try writer(directory).execute("DELETE FROM embeddings WHERE id = 1")
    expect(.unstable) { try hold.release() }
  }

  /// A copy of the directory as a power cut would leave it in the middle of a transaction.
  private func crashed(_ mode: String, _ scratch: ScratchFolder) throws -> FilePath {
    let directory = try scratch.unpack("1.5.9")
    let crashed = scratch.path.appending("crashed")
    try FileSystem.makeFolder(crashed)
    let writer = try writer(directory)
    _ = try writer.text("PRAGMA journal_mode = \(mode)")
    try writer.execute("DELETE FROM embeddings WHERE id = 1")
    try writer.execute(
      "PRAGMA cache_size = 2; PRAGMA cache_spill = 1; BEGIN; UPDATE embeddings SET embedding_id = 'x' || id")
    try writer.execute("CREATE TABLE filler AS SELECT * FROM embeddings_queue; DELETE FROM embeddings_queue")
    for name in ["chroma.sqlite3", "chroma.sqlite3-journal", "chroma.sqlite3-wal"] {
      let source = directory.appending(name)
      if FileStatus.exists(source) { try replace(crashed.appending(name), with: try content(of: source)) }
    }
    return crashed
  }

  @Test(arguments: ["delete", "wal"])
  func `What a crash left is recovered in a copy, and stays as it is`(mode: String) throws {
    let scratch = try ScratchFolder()
    let directory = try crashed(mode, scratch)
    let names = try DirectoryReader.names(in: directory).sorted(by: nameOrder)
    let before = try names.map { try content(of: directory.appending(nameBytes: $0)) }
    do {
      let hold = try hold(directory, scratch)
      #expect(try hold.acquire() == (mode == "wal" ? .leftoverLog : .hotJournal))
      let copy = try SnapshotVFS.open(MemoryFile(try copyAll(hold)))
      #expect(try copy.read { try $0.integer("SELECT count(*) FROM embeddings") } == 135)
      #expect(try copy.read { try $0.integer("SELECT count(*) FROM embeddings WHERE embedding_id LIKE 'x%'") } == 0)
      #expect(try copy.read { try $0.text("PRAGMA integrity_check") } == "ok")
      if mode == "delete" {
        // Nobody can roll it back under us.
        let other = try SQLiteConnection(opening: database(directory), .readWrite)
        #expect { _ = try other.integer("SELECT count(*) FROM embeddings") } throws: {
          ($0 as? SQLiteError)?.isBusy == true
        }
      }
      try hold.release()
    }
    #expect(try DirectoryReader.names(in: directory).sorted(by: nameOrder) == names)
    #expect(try names.map { try content(of: directory.appending(nameBytes: $0)) } == before)
  }

  /// Copying a large database takes longer than others may be kept waiting.
  @Test(arguments: [("delete", false), ("wal", false), ("delete", true), ("wal", true)])
  func `What a crash left may take long to copy`(mode: String, isOffline: Bool) throws {
    let scratch = try ScratchFolder()
    let directory = try crashed(mode, scratch)
    var limits = DatabaseHold.Limits()
    (limits.hold, limits.recovery) = (0.05, 60)
    let patient = try hold(directory, scratch, limits, isOffline: isOffline)
    _ = try patient.acquire()
    sleepFor(seconds: 0.2)
    try patient.release()
  }

  @Test func `A journal is not kept from being rolled back for ever`() throws {
    let scratch = try ScratchFolder()
    let directory = try crashed("delete", scratch)
    var limits = DatabaseHold.Limits()
    limits.recovery = 0.05
    let hold = try hold(directory, scratch, limits)
    #expect(try hold.acquire() == .hotJournal)
    sleepFor(seconds: 0.2)
    expect(.recoveryExpired) { try hold.release() }
  }

  @Test func `Offline, a log is left over whatever can be seen of other processes`() throws {
    let scratch = try ScratchFolder()
    let directory = try crashed("wal", scratch)
    let user = Process()
    user.executableURL = URL(filePath: "/bin/sleep")
    user.arguments = ["60"]
    let log = try #require(FileHandle(forReadingAtPath: directory.appending("chroma.sqlite3-wal").string))
    user.standardInput = log
    try user.run()
    defer { user.terminate() }
    let hold = try hold(directory, scratch, isOffline: true)
    #expect(try hold.acquire() == .leftoverLog)
    let copy = try SnapshotVFS.open(MemoryFile(try copyAll(hold)))
    #expect(try copy.read { try $0.integer("SELECT count(*) FROM embeddings") } == 135)
    try hold.release()
  }

  @Test func `A process that has a file open is named`() throws {
    let scratch = try ScratchFolder()
    let directory = try scratch.unpack("1.5.9")
    #expect(try DirectoryUse.of(directory).processes.isEmpty)
    let user = Process()
    user.executableURL = URL(filePath: "/bin/sleep")
    user.arguments = ["60"]
    do {
      let file = try #require(
        FileHandle(forReadingAtPath: persistedFolder(of: directory).appending("length.bin").string))
      user.standardInput = file
      try user.run()
      try file.close()
    }
    defer { user.terminate() }
    let use = try DirectoryUse.of(directory)
    #expect(use.processes.map(\.id) == [user.processIdentifier] && use.processes.first?.name == "sleep")
    var options = CaptureOptions()
    options.isOffline = true
    let sink = FolderSink(from: directory, to: scratch.path.appending("copy"))
    #expect {
      _ = try Capture.run(directory, into: sink, scratch: scratch.path, options: options)
    } throws: { error in
      guard case CaptureFailure<SystemError>.chroma(let cause) = error else { return false }
      return cause.code == .inUse && cause.message.contains("\(user.processIdentifier) (sleep)")
    }
  }
}
