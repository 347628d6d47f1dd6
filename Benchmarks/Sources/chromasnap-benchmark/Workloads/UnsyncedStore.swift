import ObjectStorage
import Synchronization
import SystemIO
import SystemPackage

/// A store in a directory like `LocalStore`, with which it shares the layout, but nothing waits for the disk: for making
/// a large repository quickly that a crash may take.
final class UnsyncedStore: ObjectStore {
  private let store: LocalStore
  /// How often something has come to each folder or gone from it: nobody else uses this place meanwhile. By the file
  /// system's clock nothing would be settled at this pace.
  private let changes = Mutex<[String: UInt64]>([:])

  init(_ root: FilePath) { store = LocalStore(root) }

  var location: String { store.location }

  func put(_ name: String, _ bytes: [UInt8]) throws(StoreError) {
    let writer = try begin()
    try writer.append(bytes.rawSpan)
    try writer.commit(as: name)
  }

  func begin() throws(StoreError) -> any ObjectWriter { try UnsyncedWriter(self, store.root) }

  func read(
    _ name: String, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(StoreError) -> Int { try store.read(name, at: offset, into: buffer) }

  func size(of name: String) throws(StoreError) -> UInt64 { try store.size(of: name) }
  func list(_ folder: String) throws(StoreError) -> [String] { try store.list(folder) }
  func digest(of folder: String) throws(StoreError) -> FolderDigest { try store.digest(of: folder) }

  func stamp(of folder: String) throws(StoreError) -> FolderStamp? {
    let count = changes.withLock { $0[folder] ?? 0 }
    let time = Timestamp(seconds: 0)
    return FolderStamp(device: 0, inode: count, modified: time, changed: time)
  }

  fileprivate func note(_ name: String) {
    let folder = name.lastIndex(of: "/").map { String(name[..<$0]) } ?? ""
    changes.withLock { $0[folder, default: 0] += 1 }
  }

  func delete(_ name: String) throws(StoreError) {
    note(name)
    try store.delete(name)
  }

  func secure(_ name: String) throws(StoreError) {}
  func removeUnfinished() throws(StoreError) { try store.removeUnfinished() }

  func tryLock(_ name: String, _ mode: FileLock.Mode) throws(StoreError) -> (any StoreLock)? {
    try store.tryLock(name, mode)
  }
}

private final class UnsyncedWriter: ObjectWriter {
  private let store: UnsyncedStore
  private let root: FilePath
  private let file: Descriptor

  init(_ store: UnsyncedStore, _ root: FilePath) throws(StoreError) {
    self.store = store
    self.root = root
    do throws(SystemError) {
      let folder = root.appending("tmp")
      try FileSystem.makeFolders(folder)
      file = try Descriptor(
        opening: folder.appending("\(UInt64.random(in: .min ... .max))"), .write, [.create, .exclusive])
    } catch { throw StoreError("tmp", error) }
  }

  func append(_ bytes: RawSpan) throws(StoreError) {
    var failure: SystemError?
    bytes.withUnsafeBytes { buffer in
      do throws(SystemError) { try file.write(buffer) } catch { failure = error }
    }
    if let failure { throw StoreError(file.path.string, failure) }
  }

  func commit(as name: String) throws(StoreError) {
    do throws(SystemError) {
      let target = root.pushing(FilePath(name))
      try FileSystem.makeFolders(target.removingLastComponent())
      try FileSystem.rename(file.path, to: target)
      store.note(name)
    } catch { throw StoreError(name, error) }
  }

  func discard() { try? FileSystem.removeFile(file.path) }
}
