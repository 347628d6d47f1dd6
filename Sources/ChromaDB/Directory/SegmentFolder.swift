package import SystemIO
package import SystemPackage

/// A folder named by a VECTOR segment's UUID, and what stat(2) tells of its HNSW files.
package struct SegmentFolder: Hashable, Sendable {
  /// The segment's UUID.
  package var name: String
  package var files: [HNSWFile: FileStamp]

  package init(name: String, files: [HNSWFile: FileStamp]) {
    self.name = name
    self.files = files
  }

  /// Looks at the folder `name` of `directory`; without files where it does not exist.
  package static func look(_ name: String, in directory: FilePath) throws(SystemError) -> SegmentFolder {
    var folder = SegmentFolder(name: name, files: [:])
    for file in HNSWFile.allCases {
      do throws(SystemError) {
        folder.files[file] = FileStamp(
          try FileStatus(at: directory.appending(name).appending(file.rawValue), following: false))
      } catch {
        if error.errno != .noSuchFileOrDirectory && error.errno != .notDirectory { throw error }
      }
    }
    return folder
  }

  /// Whether a name is a UUID in lower case, as Chroma writes it.
  package static func isSegmentName(_ name: some StringProtocol) -> Bool {
    let bytes = Array(name.utf8)
    guard bytes.count == 36 else { return false }
    return bytes.enumerated().allSatisfy { i, byte in
      switch i {
      case 8, 13, 18, 23: byte == UInt8(ascii: "-")
      default:
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
      }
    }
  }

  /// When something was last written to it; `nil` where there are no files.
  package var newest: Timestamp? { files.values.map(\.newest).max() }

  /// Bytes of all its files.
  package var size: UInt64 { files.values.reduce(0) { $0 + $1.size } }

  /// Whether it has ever been persisted: without the pickle, Chroma ignores the folder.
  package var isPersisted: Bool { files[.metadata] != nil }

  /// Whether a rewrite seems to be under way. Chroma writes the pickle last, so whatever is newer than the pickle, or
  /// missing, has a pickle yet to come.
  package var isBeingWritten: Bool {
    guard let last = files[.metadata]?.modified else { return false }
    return files.count < HNSWFile.allCases.count || files.values.contains { $0.modified > last }
  }
}
