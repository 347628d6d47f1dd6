import Synchronization
package import SystemIO

/// A store in memory: for tests, and for those who embed the library in theirs.
package final class MemoryStore: ObjectStore {
  private struct State {
    var objects: [String: [UInt8]] = [:]
    /// How many hold each lock shared; -1 for one exclusive holder.
    var locks: [String: Int] = [:]
    var changes: [String: UInt64] = [:]
  }

  private let state = Mutex(State())
  package let location: String

  package init() { location = "memory:\(UInt64.random(in: .min ... .max))" }

  package func put(_ name: String, _ bytes: [UInt8]) throws(StoreError) {
    state.withLock {
      $0.objects[name] = bytes
      $0.changes[Self.folder(of: name), default: 0] += 1
    }
  }

  package func begin() throws(StoreError) -> any ObjectWriter { MemoryObjectWriter(store: self) }

  package func read(
    _ name: String, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(StoreError) -> Int {
    guard let object = state.withLock({ $0.objects[name] }) else { throw StoreError(.notFound, name) }
    let count = min(buffer.count, max(0, object.count - Int(offset)))
    if count > 0 {
      unsafe object.withUnsafeBytes { bytes in
        unsafe buffer.baseAddress!.copyMemory(from: bytes.baseAddress! + Int(offset), byteCount: count)
      }
    }
    return count
  }

  package func size(of name: String) throws(StoreError) -> UInt64 {
    guard let object = state.withLock({ $0.objects[name] }) else { throw StoreError(.notFound, name) }
    return UInt64(object.count)
  }

  package func list(_ folder: String) throws(StoreError) -> [String] {
    let prefix = folder.isEmpty ? "" : folder + "/"
    let names = state.withLock { state in
      Set(
        state.objects.keys.filter { $0.hasPrefix(prefix) }.map {
          String($0.dropFirst(prefix.count).prefix { $0 != "/" })
        })
    }
    return names.sorted()
  }

  package func stamp(of folder: String) throws(StoreError) -> FolderStamp? {
    guard let changes = state.withLock({ $0.changes[folder] }) else { return nil }
    // Long ago: a stamp in memory has no coarse clock to wait for.
    let time = Timestamp(seconds: 0, nanoseconds: 0)
    return FolderStamp(device: 0, inode: changes, modified: time, changed: time)
  }

  package func delete(_ name: String) throws(StoreError) {
    state.withLock {
      if $0.objects.removeValue(forKey: name) != nil { $0.changes[Self.folder(of: name), default: 0] += 1 }
    }
  }

  package func secure(_ name: String) throws(StoreError) {}

  package func removeUnfinished() throws(StoreError) {}

  package func tryLock(_ name: String, _ mode: FileLock.Mode) throws(StoreError) -> (any StoreLock)? {
    let taken = state.withLock { state in
      let holders = state.locks[name, default: 0]
      guard mode == .shared ? holders >= 0 : holders == 0 else { return false }
      state.locks[name] = mode == .shared ? holders + 1 : -1
      return true
    }
    return taken ? MemoryLock(store: self, name: name) : nil
  }

  fileprivate func release(_ name: String) {
    state.withLock { state in
      let holders = state.locks[name, default: 0]
      state.locks[name] = holders > 0 ? holders - 1 : 0
    }
  }

  private static func folder(of name: String) -> String {
    name.lastIndex(of: "/").map { String(name[..<$0]) } ?? ""
  }
}

private final class MemoryLock: StoreLock {
  private let store: MemoryStore
  private let name: String

  init(store: MemoryStore, name: String) {
    self.store = store
    self.name = name
  }

  deinit { store.release(name) }
}

private final class MemoryObjectWriter: ObjectWriter {
  private let store: MemoryStore
  private var bytes: [UInt8] = []

  init(store: MemoryStore) { self.store = store }

  func append(_ more: RawSpan) throws(StoreError) {
    unsafe more.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
  }

  func commit(as name: String) throws(StoreError) { try store.put(name, bytes) }

  func discard() {}
}
