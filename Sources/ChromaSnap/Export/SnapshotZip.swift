import SnapshotFormat
public import SnapshotRepository
import SystemIO
import SystemPackage

/// The ZIP that a snapshot may have beside it, in the repository's folder: written when it is taken, gone when it is
/// forgotten. A note says which file it is, so that no other ZIP there is ever touched.
public struct SnapshotZip: Sendable {
  public var snapshot: Snapshot
  /// Deflate's level, 0 to 9.
  public var level = 6

  public init(_ snapshot: Snapshot) { self.snapshot = snapshot }

  /// Writes it as `<name>.zip`.
  /// - Throws: `target_exists` where there is such a file: nothing is replaced.
  public func write(
    in location: RepositoryLocation, activity: Activity = Activity()
  ) throws(SnapshotError) -> ExportSnapshot.Summary {
    guard let folder = location.folder else {
      throw SnapshotError(.unsupported, "this repository has no folder for a ZIP", hint: "Use `chromasnap export`.")
    }
    var verb = ExportSnapshot(SnapshotSelector(snapshot.id.description), folder: folder)
    verb.level = level
    let written = try verb.run(in: location, activity: activity)
    do throws(SnapshotError) {
      try location.open(for: .write).add(
        Note(
          kind: .zip, time: .now, snapshot: snapshot.id, file: written.file.lastComponent?.string,
          bytes: written.bytes))
    } catch {
      // Without the note nobody would ever remove it.
      try? FileSystem.removeFile(written.file)
      throw error
    }
    return written
  }

  /// Whether it is there already: a file that a note names, as long as the note says.
  public func exists(in location: RepositoryLocation) throws(SnapshotError) -> Bool {
    guard let folder = location.folder else { return false }
    let notes = try location.open(for: .read).catalogue.notes(.zip, about: snapshot.id)
    return notes.contains { Self.file($0.note, in: folder) != nil }
  }

  /// The ZIP that a note names; `nil` where it is gone, or somebody has put another file in its place.
  private static func file(_ note: Note, in folder: FilePath) -> FilePath? {
    guard let name = note.file, BackupName.isZip(name), !name.contains("/") else { return nil }
    let file = folder.appending(nameBytes: Array(name.utf8))
    guard let status = try? FileStatus(at: file, following: false), status.kind == .file, status.size == note.bytes
    else { return nil }
    return file
  }

  /// Removes the ZIPs that notes say are a snapshot's, and what a killed run has left of one.
  static func remove(
    of snapshot: Snapshot, in repository: Repository, at location: RepositoryLocation
  ) throws(SnapshotError) -> [FilePath] {
    guard let folder = location.folder else { return [] }
    var removed: [FilePath] = []
    for note in try repository.catalogue.notes(.zip, about: snapshot.id).map(\.note) {
      guard let file = Self.file(note, in: folder) else { continue }
      try calling("removing the ZIP of \(snapshot.manifest.name)") { () throws(SystemError) in
        try FileSystem.removeFile(file)
      }
      removed.append(file)
    }
    let partial = Array(ExportSnapshot.partialPrefix(snapshot).utf8)
    for name in (try? DirectoryReader.names(in: folder)) ?? [] where name.starts(with: partial) {
      try? FileSystem.removeFile(folder.appending(nameBytes: name))
    }
    return removed
  }
}
