import SnapshotFormat
package import SnapshotRepository
package import SystemIO
package import SystemPackage

/// Puts a finished folder in the place of another and keeps what was there, so that at every moment, a crash included, the
/// next command finds one of the two whole or makes it so.
///
/// Before the first step a journal is written and made durable. It says all that tells a step that is done from one that is
/// not, so each can be repeated until the journal is gone. A step that fails ends it: the journal is written anew to say so,
/// and what was done is taken back. Whoever works by a journal holds a lock on it.
package struct TargetSwap: VersionedDocument, Sendable {
  private static let currentVersion = 2

  package private(set) var version = currentVersion
  private var way: SwapPlace.Way
  /// Whether it is being taken back.
  private var isTakenBack = false
  /// Whether what is put in place is what was kept.
  private var isUndo: Bool
  // Names below the folder that holds the journal, as hexadecimal digits of their bytes.
  private var staged: String
  /// Where what an earlier swap had kept lies until this one is done.
  private var obsolete: String?
  /// Tells the staged folder from the old one wherever they are.
  private var stagedInode: UInt64
  /// Way `entries`: the names that leave the target, and those that come.
  private var leaving: [String] = []
  private var arriving: [String] = []

  /// Called before each step; a test throws here what a crash would cut short.
  package typealias BeforeStep = () throws(SystemError) -> Void

  /// Swaps. What an earlier swap has kept is removed. Where a step fails, all is as it was, or the next command makes it so.
  /// - Parameter staged: What is put in place; `nil` for what the last swap has kept.
  /// - Returns: Whether anything was there, which is now kept.
  package static func perform(
    staged: FilePath?, at place: SwapPlace, beforeStep: BeforeStep = {}
  ) throws(SystemError) -> Bool {
    let wasThere = FileStatus.exists(place.target)
    guard !FileStatus.exists(place.journal) else { throw busy(place) }
    let swap = try TargetSwap(staged: staged, place: place)
    try beforeStep()
    let lock = try swap.write(to: place)
    defer { _ = lock }
    var isCutShort = false
    do throws(SystemError) {
      try swap.apply(at: place) { () throws(SystemError) in
        do throws(SystemError) { try beforeStep() } catch {
          isCutShort = true
          throw error
        }
      }
    } catch {
      if !isCutShort { try? swap.takeBack(at: place) }
      throw error
    }
    try beforeStep()
    try finish(place.journal)
    if let obsolete = swap.obsolete.map({ Self.path($0, at: place) }), FileStatus.exists(obsolete) {
      try? FileSystem.removeTree(obsolete)
    }
    return wasThere && (place.way == .folder || !swap.leaving.isEmpty)
  }

  /// Finishes what an interrupted restore of this target has begun, or takes it back. Says whether there was anything.
  /// - Throws: `target_busy` where a restore is at it just now, and for a while.
  @discardableResult
  package static func replay(_ target: FilePath) throws(SnapshotError) -> Bool {
    var replayed = false
    for way in [SwapPlace.Way.folder, .entries] {
      // A target that can't even be named has no journal.
      guard let place = try? SwapPlace(target: target, way: way), FileStatus.exists(place.journal) else { continue }
      let lock = try lockJournal(of: place)
      defer { _ = lock }
      guard let swap = try read(place.journal) else { continue }
      do throws(SystemError) {
        if swap.isTakenBack {
          try swap.applyBackwards(at: place)
        } else {
          do throws(SystemError) {
            try swap.apply(at: place, {})
            try finish(place.journal)
          } catch { try swap.takeBack(at: place) }
        }
      } catch {
        var error = SnapshotError(error, while: "finishing the restore that was interrupted")
        error.hint =
          "Nothing is lost: what was at \(place.target) is in \(place.kept) as far as it was moved, and what was restored in "
          + "\(path(swap.staged, at: place))."
        throw error
      }
      replayed = true
    }
    return replayed
  }

  /// Whether a staged folder belongs to a swap that has begun, which can't be finished without it.
  static func hasBegun(with staged: FilePath, at place: SwapPlace) -> Bool {
    // A journal that can't be read may be of any.
    guard let swap = try? read(place.journal) else { return FileStatus.exists(place.journal) }
    return path(swap.staged, at: place) == staged
  }

  /// Seconds that a swap that goes on is waited for. It takes milliseconds.
  private static let patience = 10.0

  private static func lockJournal(of place: SwapPlace) throws(SnapshotError) -> FileLock? {
    let stopwatch = Stopwatch()
    while stopwatch.seconds < patience {
      do throws(SystemError) {
        if let lock = try FileLock.attempt(existing: place.journal) { return lock }
      } catch {
        // It has been finished meanwhile.
        if error.errno == .noSuchFileOrDirectory { return nil }
        throw SnapshotError(error, while: "finishing the restore that was interrupted")
      }
      sleepFor(seconds: 0.05)
    }
    throw SnapshotError(busy(place), while: "waiting for another restore")
  }

  private static func busy(_ place: SwapPlace) -> SystemError {
    SystemError(.resourceBusy, call: "flock", path: place.journal)
  }

  /// `nil` where there is none.
  private static func read(_ journal: FilePath) throws(SnapshotError) -> TargetSwap? {
    guard let bytes = try? Descriptor(opening: journal, .read, [.noFollow]).readAll(limit: Limits.documentBytes)
    else { return nil }
    return try decoding("the journal \(journal)") { () throws(FormatError) in
      try Document.decode(TargetSwap.self, from: bytes, called: "it", version: currentVersion)
    }
  }

  private init(staged given: FilePath?, place: SwapPlace) throws(SystemError) {
    func digits(_ path: FilePath) -> String { hexadecimal(path.bytes.split(separator: UInt8(ascii: "/")).last ?? []) }
    way = place.way
    isUndo = given == nil
    staged = digits(given ?? place.newStaging())
    obsolete = given != nil && FileStatus.exists(place.kept) ? digits(place.newStaging()) : nil
    stagedInode = try FileStatus(at: given ?? place.kept).inode
    if way == .entries {
      leaving = try place.replaced().map(hexadecimal)
      arriving = try DirectoryReader.names(in: given ?? place.kept).map(hexadecimal)
    }
  }

  /// The folder that takes the entries that leave, as the target is itself.
  private static func prepareKept(_ place: SwapPlace) throws(SystemError) {
    try FileSystem.makeFolder(place.kept)
    try copyStatus(from: place.target, to: place.kept)
  }

  private static func copyStatus(from: FilePath, to: FilePath) throws(SystemError) {
    let status = try FileStatus(at: from)
    if Platform.userID == 0 { try FileSystem.setOwner(status.owner, group: status.group, at: to) }
    let attributes = ExtendedAttribute.all(at: from)
    for other in ExtendedAttribute.all(at: to) where !attributes.contains(where: { $0.name == other.name }) {
      try? ExtendedAttribute.remove(other.name, at: to)
    }
    // Before the permissions: an access list changes them.
    for attribute in attributes { try? attribute.set(at: to) }
    try? FileSystem.setPermissions(status.permissions, at: to)
    try? FileSystem.setModified(status.modified, at: to)
  }

  /// Writes the journal.
  /// - Returns: The lock on it.
  private func write(to place: SwapPlace) throws(SystemError) -> FileLock {
    let unfinished = place.unfinishedJournal
    guard let lock = try place.lockOutSwaps(patience: Self.patience) else { throw Self.busy(place) }
    guard isTakenBack || !FileStatus.exists(place.journal) else {
      try? FileSystem.removeFile(unfinished)
      throw Self.busy(place)
    }
    let file = try Descriptor(opening: unfinished, .write, [.create, .truncate])
    try file.write(Document.encode(self))
    try file.synchronize()
    do throws(SystemError) {
      // Nobody else's is replaced: only the one that is taken back is one's own.
      if isTakenBack {
        try FileSystem.rename(unfinished, to: place.journal)
      } else {
        try FileSystem.renameExclusively(unfinished, to: place.journal)
      }
    } catch {
      guard error.errno == .invalidArgument || error.errno == .noFunction || error.errno == .notSupported else {
        try? FileSystem.removeFile(unfinished)
        throw error.errno == .fileExists ? Self.busy(place) : error
      }
      try FileSystem.rename(unfinished, to: place.journal)
    }
    try FileSystem.synchronizeFolder(place.workshop)
    return lock
  }

  private static func finish(_ journal: FilePath) throws(SystemError) {
    try FileSystem.synchronizeFolder(journal.removingLastComponent())
    try FileSystem.removeFile(journal)
    try FileSystem.synchronizeFolder(journal.removingLastComponent())
  }

  // MARK: Steps

  private static func path(_ digits: String, at place: SwapPlace) -> FilePath {
    place.workshop.appending(nameBytes: parseHexadecimal(digits) ?? [])
  }

  /// Whether the folder that is put in place lies there.
  private func isStaged(_ path: FilePath) -> Bool {
    (try? FileStatus(at: path, following: false).inode) == stagedInode
  }

  private func apply(at place: SwapPlace, _ beforeStep: BeforeStep) throws(SystemError) {
    let staged = Self.path(staged, at: place)
    try beforeStep()
    if isUndo, isStaged(place.kept) { try FileSystem.rename(place.kept, to: staged) }
    // As long as there is a journal, it is there exactly if this is done.
    if let obsolete = obsolete.map({ Self.path($0, at: place) }), !FileStatus.exists(obsolete) {
      try FileSystem.rename(place.kept, to: obsolete)
    }
    switch way {
    case .folder: try swapFolders(staged, kept: place.kept, target: place.target, beforeStep)
    case .entries:
      if !FileStatus.exists(place.kept) { try Self.prepareKept(place) }
      try swapEntries(staged, kept: place.kept, target: place.target, beforeStep)
    }
  }

  /// Undoes the steps that are done, and removes the journal.
  private func takeBack(at place: SwapPlace) throws(SystemError) {
    var swap = self
    swap.isTakenBack = true
    let lock = try swap.write(to: place)
    defer { _ = lock }
    try swap.applyBackwards(at: place)
  }

  private func applyBackwards(at place: SwapPlace) throws(SystemError) {
    let staged = Self.path(staged, at: place)
    switch way {
    case .folder:
      if isStaged(place.target) {
        try FileSystem.exchange(staged, place.target)
      } else if !FileStatus.exists(place.target), FileStatus.exists(place.kept), !isStaged(place.kept) {
        try FileSystem.rename(place.kept, to: place.target)
      }
    case .entries: try swapEntriesBack(staged, place)
    }
    if let obsolete = obsolete.map({ Self.path($0, at: place) }), FileStatus.exists(obsolete) {
      try FileSystem.rename(obsolete, to: place.kept)
    }
    if isUndo, isStaged(staged) { try FileSystem.rename(staged, to: place.kept) }
    try Self.finish(place.journal)
  }

  private func swapEntriesBack(_ staged: FilePath, _ place: SwapPlace) throws(SystemError) {
    func move(_ names: [String], from: FilePath, to: FilePath) throws(SystemError) {
      for name in names.reversed().compactMap({ parseHexadecimal($0) })
      where !FileStatus.exists(to.appending(nameBytes: name)) && FileStatus.exists(from.appending(nameBytes: name)) {
        try FileSystem.rename(from.appending(nameBytes: name), to: to.appending(nameBytes: name))
      }
    }
    // Before it was made, or after it was removed again, nothing has moved.
    let isPrepared = FileStatus.exists(place.kept) && !isStaged(place.kept)
    let isSetAside = obsolete.map { FileStatus.exists(Self.path($0, at: place)) } ?? true
    guard isPrepared, isSetAside else { return }
    // Nothing arrives before everything has left.
    if leaving.allSatisfy({ FileStatus.exists(place.kept.appending(nameBytes: parseHexadecimal($0) ?? [])) }) {
      try move(arriving, from: place.target, to: staged)
    }
    try move(leaving, from: place.kept, to: place.target)
    try FileSystem.removeEmptyFolder(place.kept)
  }

  private func swapFolders(
    _ staged: FilePath, kept: FilePath, target: FilePath, _ beforeStep: BeforeStep
  ) throws(SystemError) {
    try beforeStep()
    let current = try? FileStatus(at: target, following: false)
    if current?.inode != stagedInode {
      if current != nil {
        do throws(SystemError) { try FileSystem.exchange(staged, target) } catch {
          // A file system that can't exchange: in between there is nothing at the target, but the journal knows.
          guard error.errno == .invalidArgument || error.errno == .noFunction || error.errno == .notSupported else {
            throw error
          }
          try FileSystem.rename(target, to: kept)
          try beforeStep()
          try FileSystem.rename(staged, to: target)
        }
      } else {
        try FileSystem.rename(staged, to: target)
      }
    }
    try beforeStep()
    // After an exchange the old folder lies where the new one was.
    if FileStatus.exists(staged) { try FileSystem.rename(staged, to: kept) }
  }

  private func swapEntries(
    _ staged: FilePath, kept: FilePath, target: FilePath, _ beforeStep: BeforeStep
  ) throws(SystemError) {
    for name in leaving.compactMap({ parseHexadecimal($0) })
    where !FileStatus.exists(kept.appending(nameBytes: name)) {
      try beforeStep()
      try FileSystem.rename(target.appending(nameBytes: name), to: kept.appending(nameBytes: name))
    }
    try FileSystem.synchronizeFolder(kept)
    for name in arriving.compactMap({ parseHexadecimal($0) })
    where FileStatus.exists(staged.appending(nameBytes: name)) {
      try beforeStep()
      try FileSystem.rename(staged.appending(nameBytes: name), to: target.appending(nameBytes: name))
    }
    if FileStatus.exists(staged) {
      try Self.copyStatus(from: staged, to: target)
      try FileSystem.removeTree(staged)
    }
  }
}
