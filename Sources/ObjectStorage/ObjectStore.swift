package import SystemIO

/// Where a repository's objects lie: a directory today, a bucket one day.
///
/// Objects are written once and never changed, except that a repair may write a damaged one anew. The verbs are few and
/// synchronous: hot work runs on Dispatch's threads. A name is a path of components joined by `/`; folders come and go with
/// what is in them.
package protocol ObjectStore: Sendable {
  /// Tells this place from every other: a cache about its objects is valid only here.
  var location: String { get }

  /// Writes a whole object, in the place of any of that name. When it returns, the object is there for good.
  func put(_ name: String, _ bytes: [UInt8]) throws(StoreError)

  /// Begins an object whose name is known only when it is complete.
  func begin() throws(StoreError) -> any ObjectWriter

  /// Reads from `offset` until the buffer is full or the object ends; returns how many bytes that was.
  func read(_ name: String, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> Int

  /// Bytes of an object; `notFound` where there is none.
  func size(of name: String) throws(StoreError) -> UInt64

  /// The names directly in a folder, sorted; none where there is no such folder.
  func list(_ folder: String) throws(StoreError) -> [String]

  /// What `list` would say, in short.
  func digest(of folder: String) throws(StoreError) -> FolderDigest

  /// The folders directly in a folder, sorted, with their stamps.
  func folders(in parent: String) throws(StoreError) -> [(name: String, stamp: FolderStamp)]

  /// Changes whenever an object comes to or goes from directly within the folder, as long as it is not `nil`.
  func stamp(of folder: String) throws(StoreError) -> FolderStamp?

  /// Removes an object. Nothing happens where there is none.
  func delete(_ name: String) throws(StoreError)

  /// Removes several: where each removal waits for the disk, all of a folder wait once.
  func delete(_ names: [String]) throws(StoreError)

  /// Makes durable what another process may have left half-way: an object whose folder it did not sync.
  func secure(_ name: String) throws(StoreError)

  /// Removes what writers that are no more have begun and not finished. Only with the repository locked exclusively.
  func removeUnfinished() throws(StoreError)

  /// Takes a lock that dies with its process; `nil` where somebody else holds it.
  func tryLock(_ name: String, _ mode: FileLock.Mode) throws(StoreError) -> (any StoreLock)?
}

/// An object that is being written. It does not exist before it is committed, and never if it is let go.
package protocol ObjectWriter: AnyObject {
  func append(_ bytes: RawSpan) throws(StoreError)
  /// Gives the object its name, replacing any object of that name; when it returns, it is there for good.
  func commit(as name: String) throws(StoreError)
  func discard()
}

/// A held lock: letting it go releases it.
package protocol StoreLock: AnyObject, Sendable {}

/// What changes when a folder's entries do.
package struct FolderStamp: Hashable, Sendable {
  package var device: UInt64
  package var inode: UInt64
  package var modified: Timestamp
  package var changed: Timestamp

  package init(device: UInt64, inode: UInt64, modified: Timestamp, changed: Timestamp) {
    self.device = device
    self.inode = inode
    self.modified = modified
    self.changed = changed
  }

  /// Whether a change so shortly after `now` that the clock's coarse ticks hide it can be ruled out.
  package func isSettled(at now: Timestamp) -> Bool { now.seconds(since: max(modified, changed)) > 2 }
}

extension ObjectStore {
  package func digest(of folder: String) throws(StoreError) -> FolderDigest {
    FolderDigest(try list(folder))
  }

  package func folders(in parent: String) throws(StoreError) -> [(name: String, stamp: FolderStamp)] {
    var folders: [(name: String, stamp: FolderStamp)] = []
    for name in try list(parent) {
      if let stamp = try stamp(of: "\(parent)/\(name)") { folders.append((name, stamp)) }
    }
    return folders
  }

  package func delete(_ names: [String]) throws(StoreError) { for name in names { try delete(name) } }

  /// All bytes of a small object.
  package func get(_ name: String, limit: Int) throws(StoreError) -> [UInt8] {
    let size = try size(of: name)
    guard size <= UInt64(limit) else { throw StoreError(.tooLarge, name) }
    return try read(name, at: 0, count: Int(size))
  }

  /// Exactly `count` bytes from `offset`; `truncated` where the object ends before.
  package func read(_ name: String, at offset: UInt64, count: Int) throws(StoreError) -> [UInt8] {
    var failure: StoreError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(StoreError) {
        filled = unsafe try read(name, at: offset, into: UnsafeMutableRawBufferPointer(buffer))
      } catch { failure = error }
    }
    if let failure { throw failure }
    guard bytes.count == count else { throw StoreError(.truncated, name) }
    return bytes
  }

  /// Waits for a lock.
  /// - Parameters:
  ///   - seconds: How long at most; 0 tries once.
  ///   - isCancelled: Whether to wait no longer.
  /// - Returns: `nil` where somebody else held it all the time.
  package func lock(
    _ name: String, _ mode: FileLock.Mode, timeout seconds: Double, isCancelled: () -> Bool = { false }
  ) throws(StoreError) -> (any StoreLock)? {
    let stopwatch = Stopwatch()
    var pause = 0.002
    while true {
      if let lock = try tryLock(name, mode) { return lock }
      let left = seconds - stopwatch.seconds
      if left <= 0 || isCancelled() { return nil }
      sleepFor(seconds: min(pause, left))
      pause = min(pause * 2, 0.1)
    }
  }
}
