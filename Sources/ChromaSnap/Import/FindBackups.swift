public import SnapshotRepository
import SystemIO
public import SystemPackage

/// Finds old backups: ZIP files, and folders full of them.
public struct FindBackups: Sendable {
  /// ZIP files, folders of them, or folders that an old script left unpacked.
  public var paths: [FilePath]

  public init(_ paths: [FilePath]) { self.paths = paths }

  public struct Result: Sendable {
    /// From the oldest to the youngest.
    public var backups: [OldBackup] = []
    /// What is no backup that can be imported, and why.
    public var refused: [(file: FilePath, error: SnapshotError)] = []
  }

  /// Looks into each; nothing is unpacked, and no more than the metadata is read.
  /// - Throws: `cancelled` only; what is wrong with one backup is told in the result.
  public func run(activity: Activity = Activity()) throws(SnapshotError) -> Result {
    var result = Result()
    var seen: Set<FilePath> = []
    for path in paths {
      do throws(SnapshotError) {
        for (file, form) in try Self.candidates(at: path) where seen.insert(file).inserted {
          try activity.checkpoint()
          do throws(SnapshotError) {
            result.backups.append(try form == .zip ? OldBackup.zip(file) : OldBackup.folder(file))
          } catch { result.refused.append((file, error)) }
        }
      } catch {
        if error.code == .cancelled { throw error }
        result.refused.append((path, error))
      }
    }
    result.backups.sort { ($0.time, $0.name) < ($1.time, $1.name) }
    return result
  }

  private static func candidates(at path: FilePath) throws(SnapshotError) -> [(FilePath, OldBackup.Form)] {
    let status: FileStatus
    do throws(SystemError) { status = try FileStatus(at: path) } catch {
      guard error.errno == .noSuchFileOrDirectory else { throw SnapshotError(error, while: "reading \(path)") }
      throw SnapshotError(.sourceMissing, "there is no \(path)", hint: "Name ZIP files, or a folder of them.")
    }
    guard status.kind == .directory else { return [(path, .zip)] }
    if SourceLocator.isChroma(path), BackupName(file: name(of: path)).time == nil {
      throw SnapshotError(
        .unsupported, "\(path) is a Chroma directory, not a folder of backups",
        hint: "Take a snapshot of it: chromasnap snapshot \(path).")
    }
    if isUnpacked(path) { return [(path, .folder)] }
    let names = try calling("reading \(path)") { () throws(SystemError) in try DirectoryReader.names(in: path) }
    var found: [(FilePath, OldBackup.Form)] = []
    for name in names.sortedAsNames() {
      let file = path.appending(nameBytes: name)
      let kind = (try? FileStatus(at: file))?.kind
      if kind == .file, BackupName.isZip(String(decoding: name, as: UTF8.self)) { found.append((file, .zip)) }
      if kind == .directory, isUnpacked(file) { found.append((file, .folder)) }
    }
    guard !found.isEmpty else {
      throw SnapshotError(
        .sourceMissing, "\(path) holds no ZIP backups", hint: "Name the folder that the old backups lie in.")
    }
    return found
  }

  /// Whether a folder is what the old scripts leave unpacked: a copy of the directory as it was before a restore, or what
  /// an interrupted backup had copied. What they unpacked only to restore it is in a ZIP too.
  private static func isUnpacked(_ folder: FilePath) -> Bool {
    let name = name(of: folder)
    guard BackupName(file: name).time != nil, !name.hasPrefix("temp_restore_") else { return false }
    if SourceLocator.isChroma(folder) { return true }
    let names = (try? DirectoryReader.names(in: folder)) ?? []
    return names.contains { SourceLocator.isChroma(folder.appending(nameBytes: $0)) }
  }

  private static func name(of path: FilePath) -> String {
    path.lastComponent?.string ?? ""
  }
}
