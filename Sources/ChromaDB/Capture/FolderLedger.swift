import SystemIO
import SystemPackage

/// Which state of each index folder the sink has read, and whether a state can be relied on.
///
/// Chroma rewrites the five files in place with no lock held, the pickle last. So a reading counts only if the files
/// were at rest when it began, in the order of a finished rewrite, and the same when it ended.
struct FolderLedger {
  let directory: FilePath
  /// What was read, and counts.
  private(set) var trusted: [String: SegmentFolder] = [:]

  /// Seconds without a write that count as rest.
  static let rest = 0.05
  /// Seconds after which files out of order are no rewrite under way.
  var abandoned: Double

  init(_ directory: FilePath, abandoned: Double) {
    self.directory = directory
    self.abandoned = abandoned
  }

  func look(_ name: String) throws(ChromaError) -> SegmentFolder {
    try onSystem { () throws(SystemError) in try SegmentFolder.look(name, in: directory) }
  }

  /// Whether a folder's files may be read: nobody has written to them for a moment, nor seems about to.
  /// - Parameters:
  ///   - moment: By the wall clock, as the files' times are. A file from the future has no age by it.
  ///   - still: Seconds, by the monotonic clock, for which the folder was seen not to change.
  func isAtRest(_ folder: SegmentFolder, at moment: Timestamp, still: Double = 0) -> Bool {
    guard folder.isPersisted, let newest = folder.newest else { return true }
    let age = max(moment.seconds(since: newest), still)
    return age >= Self.rest && (age >= abandoned || !folder.isBeingWritten)
  }

  /// A rewrite ends with the pickle, and a pickle with a full stop. The file is never locked, so it may be opened.
  func hasWholePickle(_ folder: SegmentFolder) -> Bool {
    guard let pickle = folder.files[.metadata] else { return true }
    guard
      pickle.size > 0,
      let file = try? DescriptorFile(
        opening: directory.appending(folder.name).appending(HNSWFile.metadata.rawValue)),
      let last = try? file.bytes(at: pickle.size - 1, count: 1)
    else { return false }
    return last == [UInt8(ascii: ".")]
  }

  mutating func trust(_ folder: SegmentFolder) { trusted[folder.name] = folder }
  mutating func distrust(_ name: String) { trusted[name] = nil }
}
