import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO
import SystemPackage

/// One name in a scanned folder.
struct ScannedEntry: Sendable {
  /// The names of a folder share one piece of memory.
  var name: ArraySlice<UInt8>
  var status: FileStatus
  /// Of a symbolic link: what it says.
  var target: [UInt8] = []
  /// Of a folder: its index in the scan.
  var folder: Int?
}

/// One folder of a source with what lies directly in it.
struct ScannedFolder: Sendable {
  /// Where it is.
  var path: FilePath
  /// Its names from the source down; empty for the source itself.
  var names: [[UInt8]]
  /// In the order of their names.
  var entries: [ScannedEntry]
  /// Whether it was taken out again after the walk.
  var isLeftOut = false

  /// The names joined by `/`.
  var relativePath: [UInt8] { Array(names.joined(separator: [UInt8(ascii: "/")])) }

  func relativePath(of name: ArraySlice<UInt8>) -> [UInt8] {
    names.isEmpty ? Array(name) : relativePath + [UInt8(ascii: "/")] + name
  }
}

/// All folders of a source: those of one level behind those of the level above, the source itself first.
struct SourceScan: Sendable {
  var folders: [ScannedFolder]
  var root: FileStatus
  var warnings: [SnapshotWarning]

  /// What a walk leaves out.
  struct Exclusions: Sendable {
    var rules = IgnoreRules()
    /// Folders by device and inode: the repository itself, where it lies inside the source.
    var folders: Set<FileIdentity> = []
    /// Names directly in the source.
    var top: Set<[UInt8]> = []
  }

  /// Walks a source, one level after the other, the folders of a level in parallel. Symbolic links are not followed. A
  /// folder that can't be read is a warning; the source itself an error.
  static func walk(
    _ source: FilePath, leavingOut exclusions: Exclusions, activity: Activity
  ) throws(SnapshotError) -> SourceScan {
    let root = try calling("reading the source") { () throws(SystemError) in try FileStatus(at: source) }
    var scan = SourceScan(folders: [], root: root, warnings: [])
    var level = [ScannedFolder(path: source, names: [], entries: [])]
    while !level.isEmpty {
      try activity.checkpoint()
      let read = Mutex<[(Int, ScannedFolder, [SnapshotWarning])]>([])
      let folders = level
      try parallelLoop(items: folders.count) { (next: () -> Int?) throws(SnapshotError) in
        var mine: [(Int, ScannedFolder, [SnapshotWarning])] = []
        while let index = next() {
          var (folder, warnings) = (folders[index], [SnapshotWarning]())
          do throws(SystemError) { try list(&folder, leavingOut: exclusions, &warnings) } catch {
            if folder.names.isEmpty {
              throw SnapshotError(
                .sourceUnreadable, "the source can't be read: \(error)",
                hint: "Run it as the owner, or give this user permission to read it.", cause: error)
            }
            warnings.append(SnapshotWarning(.unreadable, "\(error)", path: folder.relativePath))
          }
          mine.append((index, folder, warnings))
        }
        read.withLock { $0 += mine }
      }
      var below: [ScannedFolder] = []
      let firstBelow = scan.folders.count + level.count
      for (_, folder, warnings) in read.withLock({ $0 }).sorted(by: { $0.0 < $1.0 }) {
        var folder = folder
        for i in folder.entries.indices where folder.entries[i].status.kind == .directory {
          let name = Array(folder.entries[i].name)
          folder.entries[i].folder = firstBelow + below.count
          below.append(
            ScannedFolder(path: folder.path.appending(nameBytes: name), names: folder.names + [name], entries: []))
        }
        scan.folders.append(folder)
        scan.warnings += warnings
      }
      level = below
    }
    return scan
  }

  private static func list(
    _ folder: inout ScannedFolder, leavingOut exclusions: Exclusions, _ warnings: inout [SnapshotWarning]
  ) throws(SystemError) {
    let directory = try Descriptor(opening: folder.path, .read, [.directory])
    let names = try DirectoryReader.sortedNames(in: directory)
    folder.entries.reserveCapacity(names.count)
    for name in names {
      let status: FileStatus
      do throws(SystemError) { status = try directory.status(of: name) } catch {
        if error.errno != .noSuchFileOrDirectory {
          warnings.append(SnapshotWarning(.unreadable, "\(error)", path: folder.relativePath(of: name)))
        }
        continue
      }
      if status.kind == .directory,
        exclusions.folders.contains(FileIdentity(status))
      {
        continue
      }
      if StagingNames.isOurs(name) || (folder.names.isEmpty && exclusions.top.contains(Array(name))) { continue }
      if !exclusions.rules.isEmpty,
        exclusions.rules.excludes(folder.names + [Array(name)], isFolder: status.kind == .directory)
      {
        continue
      }
      var entry = ScannedEntry(name: name, status: status)
      switch status.kind {
      case .other:
        warnings.append(
          SnapshotWarning(
            .unsupportedKind, "a socket, FIFO or device is not in the snapshot", path: folder.relativePath(of: name)))
        continue
      case .symbolicLink:
        do throws(SystemError) { entry.target = try FileSystem.readLink(Array(name), in: directory) } catch {
          warnings.append(SnapshotWarning(.unreadable, "\(error)", path: folder.relativePath(of: name)))
          continue
        }
      case .file, .directory: break
      }
      folder.entries.append(entry)
    }
  }
}
