import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage
import ZipArchive

/// Unpacks the directory that a ZIP holds into an empty folder of our own, on all processors, proved by the checksums.
struct ArchiveExtraction: Sendable {
  let backup: OldBackup
  let reader: ZipReader<Descriptor>
  /// The folder.
  let target: FilePath
  /// Whose the files will be, where we may give them away.
  let owner: (user: UInt32, group: UInt32)
  /// Of the directory itself, and of folders that the archive does not mention.
  let folderPermissions: UInt32
  let activity: Activity

  /// What of the archive belongs to the directory, with the path below it.
  private struct Part: Sendable {
    var record: ZipRecord
    var path: [UInt8]
  }

  func run() throws(SnapshotError) {
    let parts = parts
    let bytes = parts.reduce(0) { $0 + $1.record.size }
    let free = (try? FileSystem.freeBytes(at: target)) ?? .max
    guard bytes <= free else {
      throw SnapshotError(
        .noSpace, "\(backup.file) needs \(bytes) bytes to be unpacked, and \(target) has only \(free) left",
        hint: "Free some space, or choose another disk for the scratch folder with --cache-dir.")
    }
    activity.expect(files: parts.count)
    let folders = folders(of: parts)
    for folder in folders.keys.sorted(by: nameOrder) where !folder.isEmpty {
      try unpacking { () throws(SystemError) in _ = try FileSystem.makeFolder(place(folder)) }
    }
    let files = parts.filter { $0.record.entry.kind == .file }
    try parallelLoop(items: files.count) { (next: () -> Int?) throws(SnapshotError) in
      var extractor = ZipExtractor(reader)
      var buffer = ByteBuffer(capacity: 1 << 20)
      while let index = next() {
        try activity.checkpoint()
        try unpack(files[index], with: &extractor, through: &buffer)
        activity.did(files: 1)
      }
    }
    // Last: nothing is ever written through one.
    var extractor = ZipExtractor(reader)
    for link in parts where link.record.entry.kind == .symbolicLink {
      let target = try unzipping(backup.file) { () throws(ZipError) in
        try extractor.bytes(of: link.record, limit: Limits.nameBytes)
      }
      guard !target.isEmpty, !target.contains(0) else {
        throw SnapshotError(
          .damaged,
          "backup corrupted: \(backup.file): a symbolic link leads to no possible name (entry "
            + "\"\(link.record.entry.nameText)\")",
          hint: "Take another copy of this archive: this one is not whole.")
      }
      try unpacking { () throws(SystemError) in try FileSystem.makeSymbolicLink(to: target, at: place(link.path)) }
      try finish(link.path, nil, link.record.entry.modified)
    }
    for (folder, record) in folders.sorted(by: { nameOrder($1.key, $0.key) }) {
      // The owner reads and enters what is his, whatever the archive says.
      let permissions = record.map { $0.entry.permissions & 0o777 | 0o500 } ?? folderPermissions
      try finish(folder, permissions, record?.entry.modified ?? backup.time)
    }
  }

  private var parts: [Part] {
    reader.records.compactMap { record in
      let names = record.entry.name.split(separator: UInt8(ascii: "/"))
      guard names.count > backup.root.count,
        zip(names, backup.root).allSatisfy({ $0.elementsEqual($1) })
      else { return nil }
      let below = names.dropFirst(backup.root.count)
      if backup.hasMetadataInside, below.count == 1,
        below.first?.elementsEqual(ExportSnapshot.metadataName.utf8) == true
      {
        return nil
      }
      return Part(record: record, path: Array(below.joined(separator: [UInt8(ascii: "/")])))
    }
  }

  /// All folders by their paths, the directory itself as the empty one, with what the archive says of them.
  private func folders(of parts: [Part]) -> [[UInt8]: ZipRecord?] {
    let top = backup.root.joined(separator: [UInt8(ascii: "/")])
    var folders: [[UInt8]: ZipRecord?] = [[]: reader.records.first { $0.entry.name.elementsEqual(top) }]
    for part in parts {
      var path = part.path
      if part.record.entry.kind == .directory { folders[path] = part.record }
      while let slash = path.lastIndex(of: UInt8(ascii: "/")) {
        path = Array(path[..<slash])
        if folders[path] == nil { folders[path] = .some(nil) }
      }
    }
    return folders
  }

  private func place(_ path: [UInt8]) -> FilePath { path.isEmpty ? target : target.appending(nameBytes: path) }

  private func unpack(
    _ part: Part, with extractor: inout ZipExtractor<Descriptor>, through buffer: inout ByteBuffer
  ) throws(SnapshotError) {
    let path = place(part.path)
    let file = try unpacking { () throws(SystemError) in
      try Descriptor(opening: path, .write, [.create, .exclusive, .noFollow])
    }
    try unzipping(backup.file) { () throws(ZipError) in try extractor.open(part.record) }
    while true {
      buffer.count = try unzipping(backup.file) { () throws(ZipError) in
        unsafe try extractor.read(into: buffer.storage)
      }
      if buffer.count == 0 { break }
      try unpacking { () throws(SystemError) in unsafe try file.write(buffer.pointer) }
      try activity.checkpoint()
    }
    try finish(part.path, part.record.entry.permissions & 0o777 | 0o400, part.record.entry.modified)
  }

  /// Gives owner, permissions and time.
  private func finish(_ path: [UInt8], _ permissions: UInt32?, _ time: Timestamp) throws(SnapshotError) {
    let place = place(path)
    try unpacking { () throws(SystemError) in
      if Platform.userID == 0 { try FileSystem.setOwner(owner.user, group: owner.group, at: place) }
      if let permissions { try FileSystem.setPermissions(permissions, at: place) }
      try FileSystem.setModified(time, at: place)
    }
  }

  private func unpacking<Result: ~Copyable>(
    _ body: () throws(SystemError) -> Result
  ) throws(SnapshotError) -> Result {
    try calling("unpacking \(backup.file)", body)
  }
}
