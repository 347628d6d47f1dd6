import ChromaSnap
import ObjectStorage
import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO
import SystemPackage
import Testing

struct SettledFolderTests {
  /// A folder's time does not show what comes within the same tick of its clock; reading what was listed may take longer.
  @Test func `A manifest that comes while a folder is read is found by the next run`() throws {
    let workshop = try Workshop()
    let store = TickingStore()
    func location(_ cache: String) -> RepositoryLocation {
      RepositoryLocation(
        place: Repository.Place(
          store: store, name: "memory", caches: workshop.folder.appending(cache), lockTimeout: 1))
    }
    try location("one").create()
    for number in 0..<2 {
      try workshop.write("f", [UInt8(number)])
      try workshop.snapshot(in: location("one"))
    }
    let last = try #require(try location("one").open(for: .read).documents(in: ObjectNames.snapshots).last)
    let document = try store.get(last, limit: 1 << 20)
    try store.delete(last)
    store.tick()
    store.afterListing.withLock {
      $0 = { [unowned store] folder, times in
        // First for its digest, then for the names.
        guard folder == ObjectNames.folder(of: last), times == 2 else { return }
        try? store.put(last, document)
        sleepFor(seconds: 2.2)
      }
    }
    #expect(try ListSnapshots().run(in: location("two")).snapshots.count == 1)
    #expect(try ListSnapshots().run(in: location("two")).snapshots.count == 2)
  }
}

/// A store in memory whose folders all bear the time of the clock's last tick.
private final class TickingStore: ObjectStore {
  private let memory = MemoryStore()
  private let time = Mutex(Timestamp.now)
  private let listings = Mutex<[String: Int]>([:])
  /// Called with the folder and how often it has been listed since the last tick.
  let afterListing = Mutex<(@Sendable (String, Int) -> Void)?>(nil)

  func tick() {
    time.withLock { $0 = .now }
    listings.withLock { $0 = [:] }
  }

  var location: String { memory.location }
  func put(_ name: String, _ bytes: [UInt8]) throws(StoreError) { try memory.put(name, bytes) }
  func begin() throws(StoreError) -> any ObjectWriter { try memory.begin() }

  func read(
    _ name: String, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(StoreError) -> Int { unsafe try memory.read(name, at: offset, into: buffer) }

  func size(of name: String) throws(StoreError) -> UInt64 { try memory.size(of: name) }

  func list(_ folder: String) throws(StoreError) -> [String] {
    let names = try memory.list(folder)
    let times = listings.withLock { listings in
      listings[folder, default: 0] += 1
      return listings[folder] ?? 0
    }
    afterListing.withLock { $0 }?(folder, times)
    return names
  }

  func stamp(of folder: String) throws(StoreError) -> FolderStamp? {
    let time = time.withLock { $0 }
    return try memory.stamp(of: folder).map { _ in FolderStamp(device: 0, inode: 0, modified: time, changed: time) }
  }

  func delete(_ name: String) throws(StoreError) { try memory.delete(name) }
  func secure(_ name: String) throws(StoreError) {}
  func removeUnfinished() throws(StoreError) {}

  func tryLock(_ name: String, _ mode: FileLock.Mode) throws(StoreError) -> (any StoreLock)? {
    try memory.tryLock(name, mode)
  }
}
