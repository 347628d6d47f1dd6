import SnapshotFormat
package import SnapshotRepository
package import SystemIO
package import SystemPackage

/// Puts a finished folder in the place of another and keeps what was there, so that at every moment, a crash included, the
/// next command finds one of the two whole or makes it so.
///
/// Before the first step a journal is written and made durable. It says all that tells a step that is done from one that is
/// not, so each can be repeated until the journal is gone.
package struct TargetSwap: Codable, Sendable {
  private var version = 1
  private var way: SwapPlace.Way
  // Names below the folder that holds the journal, as hexadecimal digits of their bytes.
  private var staged: String
  private var kept: String
  private var target: String
  /// Tells the staged folder from the old one wherever they are.
  private var stagedInode: UInt64
  /// Way `entries`: the names that leave the target, and those that come.
  private var leaving: [String] = []
  private var arriving: [String] = []

  /// Called before each step; a test throws here what a crash would cut short.
  package typealias BeforeStep = () throws(SystemError) -> Void

  /// Swaps. What an earlier swap has kept is removed.
  /// - Returns: Whether anything was there, which is now kept.
  package static func perform(
    staged: FilePath, at place: SwapPlace, beforeStep: BeforeStep = {}
  ) throws(SystemError) -> Bool {
    let wasThere = FileStatus.exists(place.target)
    let swap = try TargetSwap(staged: staged, place: place)
    let obsolete = FileStatus.exists(place.kept) ? place.newStaging() : nil
    try beforeStep()
    if let obsolete { try FileSystem.rename(place.kept, to: obsolete) }
    if place.way == .entries { try prepareKept(place) }
    try beforeStep()
    try write(Document.encode(swap), to: place.journal)
    try swap.apply(in: place.workshop, beforeStep)
    try beforeStep()
    try finish(place.journal)
    if let obsolete { try? FileSystem.removeTree(obsolete) }
    return wasThere && (place.way == .folder || !swap.leaving.isEmpty)
  }

  /// Finishes what an interrupted restore of this target has begun. Says whether there was anything.
  @discardableResult
  package static func replay(_ target: FilePath) throws(SnapshotError) -> Bool {
    var replayed = false
    for way in [SwapPlace.Way.folder, .entries] {
      // A target that can't even be named has no journal.
      guard let place = try? SwapPlace(target: target, way: way),
        let bytes = try? Descriptor(opening: place.journal, .read, [.noFollow]).readAll(limit: Limits.documentBytes)
      else { continue }
      let swap = try decoding("the journal \(place.journal)") { () throws(FormatError) in
        try Document.decode(TargetSwap.self, from: bytes, called: "it")
      }
      try calling("finishing the restore that was interrupted") { () throws(SystemError) in
        try swap.apply(in: place.workshop, {})
        try finish(place.journal)
      }
      replayed = true
    }
    return replayed
  }

  private init(staged: FilePath, place: SwapPlace) throws(SystemError) {
    func digits(_ path: FilePath) -> String { hexadecimal(path.bytes.split(separator: UInt8(ascii: "/")).last ?? []) }
    way = place.way
    self.staged = digits(staged)
    kept = digits(place.kept)
    target = digits(place.target)
    stagedInode = try FileStatus(at: staged).inode
    if way == .entries {
      leaving = try DirectoryReader.names(in: place.target).filter { !StagingNames.isOurs($0) }.map(hexadecimal)
      arriving = try DirectoryReader.names(in: staged).map(hexadecimal)
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
    try? FileSystem.setPermissions(status.permissions, at: to)
    try? FileSystem.setModified(status.modified, at: to)
  }

  private static func write(_ bytes: [UInt8], to path: FilePath) throws(SystemError) {
    let unfinished = FilePath(path.string + ".new")
    let file = try Descriptor(opening: unfinished, .write, [.create, .truncate])
    try file.write(bytes)
    try file.synchronize()
    try FileSystem.rename(unfinished, to: path)
    try FileSystem.synchronizeFolder(path.removingLastComponent())
  }

  private static func finish(_ journal: FilePath) throws(SystemError) {
    try FileSystem.synchronizeFolder(journal.removingLastComponent())
    try FileSystem.removeFile(journal)
    try FileSystem.synchronizeFolder(journal.removingLastComponent())
  }

  // MARK: Steps

  private func apply(in workshop: FilePath, _ beforeStep: BeforeStep) throws(SystemError) {
    func path(_ digits: String) -> FilePath { workshop.appending(nameBytes: parseHexadecimal(digits) ?? []) }
    switch way {
    case .folder: try swapFolders(path(staged), kept: path(kept), target: path(target), beforeStep)
    case .entries: try swapEntries(path(staged), kept: path(kept), target: workshop, beforeStep)
    }
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
