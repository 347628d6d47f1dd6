import SnapshotFormat
import SnapshotRepository
package import SystemIO
package import SystemPackage

/// Where the things lie that a restore needs around its target: what it stages, what it keeps for undo, its journal.
package struct SwapPlace: Sendable {
  package enum Way: String, Codable, Sendable {
    /// The folders change places by rename.
    case folder
    /// Their entries do: a mount point can't be renamed, nor a folder in one that may not be written to, and a repository in
    /// the target stays where it is.
    case entries
  }

  /// The target, its symbolic links resolved as far as it exists.
  package let target: FilePath
  package let way: Way
  /// The folder that holds the rest: the one above the target, or the target itself.
  package let workshop: FilePath
  /// The repository that is used, whatever can be told of it.
  private let repository: FileIdentity?
  /// Part of the names, so that targets beside each other keep apart.
  private let suffix: String

  package var journal: FilePath { workshop.appending(".chromasnap-journal\(suffix)") }
  /// What the journal is called until it is written.
  package var unfinishedJournal: FilePath { journal.appending(suffix: ".new") }
  /// What was there before the last restore.
  package var kept: FilePath { workshop.appending(".chromasnap-undo\(suffix)") }
  private var stagingPrefix: String { ".chromasnap-restore\(suffix)-" }
  /// Empty folders that tell for a moment whether the target can be renamed.
  private static let probePrefix = ".chromasnap-probe-"
  package func newStaging() -> FilePath { workshop.appending(stagingPrefix + hexadecimal(randomBytes(8))) }

  /// The places of a target that may or may not be there.
  /// - Parameter isTried: Whether it is tried out if the target can be renamed, which writes beside it for a moment.
  package init(
    target given: FilePath, way wanted: Way? = nil, repository: FilePath? = nil, isTried: Bool = true
  ) throws(SystemError) {
    target = try Self.resolve(given)
    self.repository = repository.flatMap { try? FileStatus(at: $0) }.map { FileIdentity($0) }
    let above = target.removingLastComponent()
    if let wanted { way = wanted } else { way = try Self.way(for: target, in: above, self.repository, isTried) }
    workshop = way == .folder ? above : target
    let name = target.bytes.split(separator: UInt8(ascii: "/")).last ?? []
    // A name of any bytes, in one that is short and plain.
    suffix = way == .folder ? "-" + ChunkID(of: Array(name)).short : ""
  }

  /// The path from the root without symbolic links; its last components need not exist, nor what a link there names: an
  /// interrupted swap may have moved that away.
  static func resolve(_ given: FilePath) throws(SystemError) -> FilePath { try resolve(given, linksMaximum: 40) }

  private static func resolve(_ given: FilePath, linksMaximum: Int) throws(SystemError) -> FilePath {
    let path = (given.isAbsolute ? given : FileSystem.currentFolder.pushing(given)).lexicallyNormalized()
    if (try? FileStatus(at: path)) != nil { return try FileSystem.resolve(path) }
    let above = path.removingLastComponent()
    guard above != path, let name = path.lastComponent else { return path }
    let folder = try resolve(above, linksMaximum: linksMaximum)
    let resolved = folder.appending(name)
    guard linksMaximum > 0, let destination = try? FileSystem.readLink(resolved) else { return resolved }
    return try resolve(folder.pushing(destination), linksMaximum: linksMaximum - 1)
  }

  private static func way(
    for target: FilePath, in above: FilePath, _ repository: FileIdentity?, _ isTried: Bool
  ) throws(SystemError) -> Way {
    guard FileStatus.exists(target) else { return .folder }
    if try FileStatus(at: above).device != FileStatus(at: target).device { return .entries }
    let names = try DirectoryReader.names(in: target)
    if names.contains(where: { isRepository(target.appending(nameBytes: $0), knowing: repository) }) { return .entries }
    return !isTried || canRename(target, in: above) ? .folder : .entries
  }

  /// A bind mount of the same file system shows in no device number, only in a rename that is refused. The one here is
  /// refused always, for what it would replace is not empty: the question is why.
  private static func canRename(_ target: FilePath, in above: FilePath) -> Bool {
    let probe = above.appending(probePrefix + hexadecimal(randomBytes(8)))
    let full = probe.appending("full")
    do throws(SystemError) {
      try FileSystem.makeFolder(probe)
      // Nobody takes it for one that was abandoned, and empties it just before the rename.
      guard let lock = try FileLock.attempt(folder: probe) else { return true }
      defer {
        try? FileSystem.removeEmptyFolder(full)
        try? FileSystem.removeEmptyFolder(probe)
        _ = lock
      }
      try FileSystem.makeFolder(full)
      try FileSystem.rename(target, to: probe)
      return true
    } catch {
      return ![.resourceBusy, .permissionDenied, .notPermitted, .readOnlyFileSystem].contains(error.errno)
    }
  }

  /// Whether a repository is there: no restore takes one away.
  func isRepository(_ path: FilePath) -> Bool { Self.isRepository(path, knowing: repository) }

  /// One that is not the known one is told by what is in it: or has been copied of that, or is left.
  static func isRepository(_ path: FilePath, knowing repository: FileIdentity? = nil) -> Bool {
    guard let status = try? FileStatus(at: path), status.kind == .directory else { return false }
    func names(_ folder: String) -> [[UInt8]] { (try? DirectoryReader.names(in: path.appending(folder))) ?? [] }
    func isNumber(_ name: [UInt8]) -> Bool { UInt64(String(decoding: name, as: UTF8.self)) != nil }
    return FileIdentity(status) == repository || names(ObjectNames.config).contains(where: isNumber)
      || !names(ObjectNames.packs).isEmpty && !names(ObjectNames.snapshots).isEmpty
  }

  /// Whether one of the target's entries stays where it is: a restore's own, or a repository.
  func stays(_ name: [UInt8]) -> Bool {
    way == .entries && (StagingNames.isOurs(name) || isRepository(target.appending(nameBytes: name)))
  }

  /// The target's entries that a restore replaces.
  package func replaced() throws(SystemError) -> [[UInt8]] {
    try DirectoryReader.names(in: target).filter { !stays($0) }
  }

  /// The lock under which a journal is written: no swap begins here for as long as somebody else has it.
  /// - Parameter patience: Seconds to wait for it. It is held for milliseconds.
  /// - Returns: `nil` where it can't be had.
  func lockOutSwaps(patience: Double) throws(SystemError) -> FileLock? {
    let stopwatch = Stopwatch()
    while true {
      // Who had it may have made the file a journal, or removed it.
      if let lock = try FileLock.attempt(unfinishedJournal, .exclusive), lock.isCurrent { return lock }
      guard stopwatch.seconds < patience else { return nil }
      sleepFor(seconds: 0.01)
    }
  }

  /// Removes what restores that were killed have staged, and what they tried out with. One that still runs holds a lock on its
  /// own.
  /// - Parameter probeGrace: For tests: seconds that what is tried out with may take to be locked.
  package func removeAbandoned(probeGrace: Double? = nil) {
    for folder in abandonedStaging() { folder.remove() }
    ScratchFolder.removeAbandoned(
      Self.probePrefix, in: target.removingLastComponent(), unlessYoungerThan: probeGrace ?? ScratchFolder.graceSeconds)
  }

  /// None while there is a swap: what that moves is called like this for a moment, and has no lock.
  private func abandonedStaging() -> [ScratchFolder.Abandoned] {
    let prefix = Array(stagingPrefix.utf8)
    guard let names = try? DirectoryReader.names(in: workshop), names.contains(where: { $0.starts(with: prefix) }),
      let lock = try? lockOutSwaps(patience: 0)
    else { return [] }
    defer {
      try? FileSystem.removeFile(unfinishedJournal)
      _ = lock
    }
    return FileStatus.exists(journal) ? [] : ScratchFolder.abandoned(stagingPrefix, in: workshop)
  }
}
