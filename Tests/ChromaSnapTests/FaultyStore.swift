import ObjectStorage
import Synchronization
import SystemIO
import SystemPackage

/// A store in memory that fails from some write on, as a full disk does.
final class FaultyStore: ObjectStore {
  private let memory = MemoryStore()
  private let writesLeft = Mutex<Int?>(nil)

  func fail(afterWrites count: Int) { writesLeft.withLock { $0 = count } }
  func heal() { writesLeft.withLock { $0 = nil } }

  fileprivate func countWrite(_ name: String) throws(StoreError) {
    let isOver = writesLeft.withLock { left in
      guard let count = left else { return false }
      left = count - 1
      return count <= 0
    }
    if isOver { throw StoreError(name, SystemError(.noSpace, call: "write")) }
  }

  var location: String { memory.location }

  func put(_ name: String, _ bytes: [UInt8]) throws(StoreError) {
    try countWrite(name)
    try memory.put(name, bytes)
  }

  func begin() throws(StoreError) -> any ObjectWriter {
    try countWrite("tmp")
    return FaultyWriter(store: self, writer: try memory.begin())
  }

  func read(
    _ name: String, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(StoreError) -> Int { unsafe try memory.read(name, at: offset, into: buffer) }

  func size(of name: String) throws(StoreError) -> UInt64 { try memory.size(of: name) }
  func list(_ folder: String) throws(StoreError) -> [String] { try memory.list(folder) }
  func stamp(of folder: String) throws(StoreError) -> FolderStamp? { try memory.stamp(of: folder) }

  func delete(_ name: String) throws(StoreError) {
    try countWrite(name)
    try memory.delete(name)
  }

  func secure(_ name: String) throws(StoreError) {}
  func removeUnfinished() throws(StoreError) {}

  func tryLock(_ name: String, _ mode: FileLock.Mode) throws(StoreError) -> (any StoreLock)? {
    try memory.tryLock(name, mode)
  }
}

private final class FaultyWriter: ObjectWriter {
  private let store: FaultyStore
  private let writer: any ObjectWriter

  init(store: FaultyStore, writer: any ObjectWriter) {
    self.store = store
    self.writer = writer
  }

  func append(_ bytes: RawSpan) throws(StoreError) {
    try store.countWrite("tmp")
    try writer.append(bytes)
  }

  func commit(as name: String) throws(StoreError) {
    try store.countWrite(name)
    try writer.commit(as: name)
  }

  func discard() { writer.discard() }
}
