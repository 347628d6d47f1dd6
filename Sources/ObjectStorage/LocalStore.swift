package import SystemIO
package import SystemPackage

/// A store in a directory. Every object: temporary name, write, fsync, rename, fsync of the folder, and of its parent
/// where the folder is new.
package final class LocalStore: ObjectStore {
  package let root: FilePath
  private let openFiles = OpenFiles()

  /// Objects that are not complete yet lie here.
  private static let unfinished = "tmp"

  package init(_ root: FilePath) { self.root = root }

  /// The resolved path, so that a repository reached by two names has one cache.
  package var location: String { ((try? FileSystem.resolve(root)) ?? root).string }

  private func path(_ name: String) -> FilePath { name.isEmpty ? root : root.pushing(FilePath(name)) }

  package func put(_ name: String, _ bytes: [UInt8]) throws(StoreError) {
    let writer = try begin()
    try writer.append(bytes.rawSpan)
    try writer.commit(as: name)
  }

  package func begin() throws(StoreError) -> any ObjectWriter {
    let folder = path(Self.unfinished)
    do throws(SystemError) {
      try FileSystem.makeFolder(folder)
      let name = "\(UInt64.random(in: .min ... .max))"
      return LocalObjectWriter(
        store: self, file: try Descriptor(opening: folder.appending(name), .write, [.create, .exclusive]))
    } catch { throw StoreError(Self.unfinished, error) }
  }

  fileprivate func adopt(_ file: borrowing Descriptor, as name: String) throws(SystemError) {
    try file.synchronize()
    let target = path(name)
    let folder = target.removingLastComponent()
    for made in try FileSystem.makeFolders(folder) {
      try FileSystem.synchronizeFolder(made.removingLastComponent())
    }
    try FileSystem.rename(file.path, to: target)
    openFiles.forget(name)
    try FileSystem.synchronizeFolder(folder)
  }

  package func read(
    _ name: String, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(StoreError) -> Int {
    do throws(SystemError) {
      let file = try openFiles.file(name) { () throws(SystemError) in try Descriptor(opening: path(name)) }
      return unsafe try file.descriptor.read(at: offset, into: buffer)
    } catch { throw StoreError(name, error) }
  }

  package func size(of name: String) throws(StoreError) -> UInt64 {
    do throws(SystemError) { return try FileStatus(at: path(name)).size } catch { throw StoreError(name, error) }
  }

  package func list(_ folder: String) throws(StoreError) -> [String] {
    do throws(SystemError) {
      return try DirectoryReader.names(in: path(folder)).map { String(decoding: $0, as: UTF8.self) }.sorted()
    } catch {
      // Below a file there is nothing either.
      if error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory { return [] }
      throw StoreError(folder, error)
    }
  }

  package func digest(of folder: String) throws(StoreError) -> FolderDigest {
    var digest = FolderDigest()
    do throws(SystemError) {
      unsafe try DirectoryReader.forEachName(in: Descriptor(opening: path(folder), .read, [.directory])) {
        unsafe digest.add($0)
      }
    } catch {
      if error.errno != .noSuchFileOrDirectory { throw StoreError(folder, error) }
    }
    return digest
  }

  package func folders(in parent: String) throws(StoreError) -> [(name: String, stamp: FolderStamp)] {
    do throws(SystemError) {
      let directory = try Descriptor(opening: path(parent), .read, [.directory])
      var folders: [(name: String, stamp: FolderStamp)] = []
      for name in try DirectoryReader.sortedNames(in: directory) {
        do throws(SystemError) {
          let status = try directory.status(of: name)
          if status.kind == .directory { folders.append((String(decoding: name, as: UTF8.self), FolderStamp(status))) }
        } catch {
          // It has gone meanwhile.
          if error.errno != .noSuchFileOrDirectory { throw error }
        }
      }
      return folders
    } catch {
      if error.errno == .noSuchFileOrDirectory { return [] }
      throw StoreError(parent, error)
    }
  }

  package func stamp(of folder: String) throws(StoreError) -> FolderStamp? {
    do throws(SystemError) { return FolderStamp(try FileStatus(at: path(folder))) } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw StoreError(folder, error)
    }
  }

  package func delete(_ name: String) throws(StoreError) { try delete([name]) }

  package func delete(_ names: [String]) throws(StoreError) {
    var folders: Set<FilePath> = []
    for name in names {
      openFiles.forget(name)
      let target = path(name)
      do throws(SystemError) {
        try FileSystem.removeFile(target)
        folders.insert(target.removingLastComponent())
      } catch {
        if error.errno != .noSuchFileOrDirectory { throw StoreError(name, error) }
      }
    }
    for folder in folders {
      do throws(SystemError) { try FileSystem.synchronizeFolder(folder) } catch {
        throw StoreError(folder.string, error)
      }
    }
  }

  package func secure(_ name: String) throws(StoreError) {
    let target = path(name)
    do throws(SystemError) {
      try Descriptor(opening: target).synchronize()
      let folder = target.removingLastComponent()
      try FileSystem.synchronizeFolder(folder)
      try FileSystem.synchronizeFolder(folder.removingLastComponent())
    } catch { throw StoreError(name, error) }
  }

  package func removeUnfinished() throws(StoreError) {
    // What is not called as a writer calls it is somebody else's.
    try delete(try list(Self.unfinished).filter { UInt64($0) != nil }.map { "\(Self.unfinished)/\($0)" })
  }

  package func tryLock(_ name: String, _ mode: FileLock.Mode) throws(StoreError) -> (any StoreLock)? {
    do throws(SystemError) {
      let file = path(name)
      // In a store that is being made there is no folder for it yet.
      if !FileStatus.exists(file) { try FileSystem.makeFolders(file.removingLastComponent()) }
      guard let lock = try FileLock.attempt(file, mode) else { return nil }
      return LocalLock(lock)
    } catch { throw StoreError(name, error) }
  }
}

extension FolderStamp {
  fileprivate init(_ status: FileStatus) {
    self.init(device: status.device, inode: status.inode, modified: status.modified, changed: status.changed)
  }
}

private final class LocalLock: StoreLock {
  private let lock: FileLock
  init(_ lock: consuming FileLock) { self.lock = lock }
}

private final class LocalObjectWriter: ObjectWriter {
  private let store: LocalStore
  private let file: Descriptor
  private var isFinished = false
  private var written: UInt64 = 0
  private var writtenBack: UInt64 = 0
  /// Whether writes go past the page cache; `nil` where the file system can't do that.
  private var bypassesCache: Bool? = false

  init(store: LocalStore, file: consuming Descriptor) {
    self.store = store
    self.file = file
  }

  deinit { discard() }

  func append(_ bytes: RawSpan) throws(StoreError) {
    do throws(SystemError) {
      unsafe try bytes.withUnsafeBytes { (buffer) throws(SystemError) in unsafe try write(buffer) }
    } catch { throw StoreError(file.path.string, error) }
    written += UInt64(bytes.byteCount)
    if bypassesCache == true {
      writtenBack = written
    } else if written - writtenBack >= 2 << 20 {
      // The disk starts on it while the rest is still being compressed, so that the fsync at the end finds little to do.
      file.startWriteback(offset: writtenBack, count: written - writtenBack)
      writtenBack = written
    }
  }

  /// Long pieces of whole blocks go past the page cache: where memory is slow to come by, as on a virtual machine that
  /// returns what it does not use, a first snapshot takes 1.4 times as long with it; elsewhere, what the database is
  /// served from would have to make room.
  private func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
    let block = Descriptor.directBlockBytes
    let isLong =
      bytes.count >= 1 << 20 && bytes.count % block == 0 && written % UInt64(block) == 0
      && Int(bitPattern: bytes.baseAddress) % block == 0
    if let bypasses = bypassesCache, bypasses != isLong { bypassesCache = file.bypassCache(isLong) ? isLong : nil }
    do throws(SystemError) { try unsafe file.write(bytes, at: written) } catch {
      guard bypassesCache == true, error.errno == .invalidArgument, file.bypassCache(false) else { throw error }
      bypassesCache = nil
      unsafe try file.write(bytes, at: written)
    }
  }

  func commit(as name: String) throws(StoreError) {
    do throws(SystemError) { try store.adopt(file, as: name) } catch {
      discard()
      throw StoreError(name, error)
    }
    isFinished = true
  }

  func discard() {
    guard !isFinished else { return }
    isFinished = true
    try? FileSystem.removeFile(file.path)
  }
}
