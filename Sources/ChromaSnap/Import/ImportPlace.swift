import SnapshotFormat
package import SnapshotRepository
package import SystemIO
import SystemPackage

/// Which source a backup is of, and where it belongs among that source's snapshots.
package struct ImportPlace {
  var path: FilePath
  var sourceID: String
  var inode: UInt64
  var position: Position

  /// Its place in the order of a source's snapshots.
  package struct Position: Hashable {
    package var sequence: UInt64
    package var parent: Snapshot?
    /// The snapshot that is most like it: what patches are made against.
    package var neighbour: Snapshot?
  }

  /// - Parameter named: The directory that somebody named; otherwise it is the one that the backup names, else where it
  ///   would lie if it were unpacked.
  init(_ backup: OldBackup, named: FilePath?, in repository: Repository) throws(SnapshotError) {
    if let named { path = Self.resolved(named) } else { path = try Self.path(of: backup, in: repository) }
    let status = try? FileStatus(at: path)
    let known = try SourceLocator.parent(of: path, root: status, in: repository)
    sourceID = known?.manifest.source.id ?? hexadecimal(randomBytes(16))
    inode = status?.inode ?? known?.manifest.source.inode ?? 0
    position = Self.position(
      at: backup.time, among: known == nil ? [] : try repository.catalogue.snapshots(.ofSource(sourceID)))
  }

  /// A backup that is younger than the last snapshot follows it. An older one shares the sequence number of the snapshot
  /// that was the last at its time, or has 0; where two share one, the time of their data decides. So the order stays that
  /// of the data.
  package static func position(at time: Timestamp, among history: [Snapshot]) -> Position {
    guard let last = history.last else { return Position(sequence: 1, parent: nil, neighbour: nil) }
    if last.manifest.time <= time {
      return Position(sequence: last.manifest.sequence + 1, parent: last, neighbour: last)
    }
    let before = history.last { $0.manifest.time <= time }
    return Position(sequence: before?.manifest.sequence ?? 0, parent: before, neighbour: before ?? history.first)
  }

  /// The path without symbolic links, of a directory that need not be there any more.
  private static func resolved(_ path: FilePath) -> FilePath {
    (try? FileSystem.resolve(path)) ?? path.absolute.lexicallyNormalized()
  }

  private static func path(of backup: OldBackup, in repository: Repository) throws(SnapshotError) -> FilePath {
    if let stated = backup.metadata?.source {
      let path = resolved(FilePath(stated))
      // A path that leads to something else now is no place to restore a database to.
      if !FileStatus.exists(path) || SourceLocator.isChroma(path) { return path }
      let text = SourceLocator.names(path).text
      let wasTaken = try repository.catalogue.newest(atPath: text) {
        $0.manifest.source.hasPath(path) && $0.manifest.imported == nil
      }
      if wasTaken != nil { return path }
    }
    let folder = resolved(backup.file.absolute.removingLastComponent())
    return folder.appending(nameBytes: backup.root.last ?? Array("chroma".utf8))
  }
}
