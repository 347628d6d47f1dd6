package import ChromaDB
package import SystemIO
package import SystemPackage

/// A sink that makes a plain copy of the captured directory: for tests, and for holding a capture against the real
/// Chroma.
package final class FolderSink: CaptureSink {
  package let source: FilePath
  package let target: FilePath
  /// What was called, in order; for tests.
  package private(set) var calls: [String] = []
  /// What the readings without the hold say to have found changed, one after the other.
  package var changedBytes: [UInt64] = []
  /// How many holds have ended.
  package private(set) var releases = 0
  /// Called before each call's work; for tests that interfere.
  package var before: (String) throws(SystemError) -> Void = { _ in }

  package init(from source: FilePath, to target: FilePath) {
    self.source = source
    self.target = target
  }

  private func note(_ call: String) throws(SystemError) {
    calls.append(call)
    try before(call)
  }

  package func firstPass(_ plan: CapturePlan) throws(SystemError) {
    try note("first pass")
    try FileSystem.makeFolders(target)
    for name in try DirectoryReader.names(in: source)
    where !plan.leftOut.contains(String(decoding: name, as: UTF8.self)) {
      try copy(source.appending(nameBytes: name), target.appending(nameBytes: name), plan)
    }
    if let database = plan.database { try copy(database, to: target.appending(ChromaDirectory.databaseName)) }
  }

  private func copy(_ from: FilePath, _ to: FilePath, _ plan: CapturePlan) throws(SystemError) {
    do throws(SystemError) {
      let status = try FileStatus(at: from, following: false)
      if status.kind == .directory {
        try FileSystem.makeFolders(to)
        for name in try DirectoryReader.names(in: from) {
          try copy(from.appending(nameBytes: name), to.appending(nameBytes: name), plan)
        }
      } else if status.kind == .file, !plan.forbidden.contains(FileIdentity(status)) {
        try copy(DescriptorFile(opening: from), to: to)
      }
    } catch {
      // It may vanish meanwhile.
      if error.errno != .noSuchFileOrDirectory { throw error }
    }
  }

  private func copy(_ file: any RandomAccessFile, to path: FilePath) throws(SystemError) {
    let output = try Descriptor(opening: path, .write, [.create, .truncate])
    var buffer = ByteBuffer(capacity: 1 << 20)
    var offset: UInt64 = 0
    while true {
      do { buffer.count = unsafe try file.read(into: buffer.storage, at: offset) } catch let error as SystemError {
        throw error
      } catch { throw SystemError(.ioError, call: "read", path: path) }
      if buffer.count == 0 { return }
      unsafe try output.write(buffer.pointer)
      offset += UInt64(buffer.count)
    }
  }

  package func readAgain(_ folder: SegmentFolder, whileHeld: Bool) throws(SystemError) {
    try note("folder \(whileHeld ? "held" : "free")")
    let (from, to) = (source.appending(folder.name), target.appending(folder.name))
    try FileSystem.makeFolders(to)
    for file in HNSWFile.allCases {
      let copied = to.appending(file.rawValue)
      if FileStatus.exists(copied) { try FileSystem.removeFile(copied) }
      guard folder.files[file] != nil else { continue }
      do throws(SystemError) { try copy(DescriptorFile(opening: from.appending(file.rawValue)), to: copied) } catch {
        if error.errno != .noSuchFileOrDirectory { throw error }
      }
    }
  }

  package func leaveOut(_ folder: String) throws(SystemError) {
    try note("leave out")
    if FileStatus.exists(target.appending(folder)) { try FileSystem.removeTree(target.appending(folder)) }
  }

  package func readDatabase(_ content: any RandomAccessFile, stamp: FileStamp) throws(SystemError) -> UInt64 {
    try note("database free")
    try copy(content, to: target.appending(ChromaDirectory.databaseName))
    return changedBytes.isEmpty ? 0 : changedBytes.removeFirst()
  }

  package func readHeldDatabase(
    _ content: any RandomAccessFile, stamp: FileStamp, limit: UInt64
  ) throws(SystemError) -> Bool {
    try note("database held")
    guard content.size <= limit else { return false }
    try copy(content, to: target.appending(ChromaDirectory.databaseName))
    return true
  }

  package func released() throws(SystemError) { releases += 1 }
}
