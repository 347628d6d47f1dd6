package import SystemIO
package import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Which processes have files of a directory open.
///
/// Compares (device, inode) over `/proc/*/fd`, so it sees processes of the same user (root: of all) in the same PID
/// namespace, on Linux. An idle Chroma holds no lock: its open descriptors are all that tells of it.
package struct DirectoryUse: Hashable, Sendable {
  package struct Process: Hashable, Sendable {
    package var id: Int32
    /// The command's name, as in `/proc/<id>/comm`.
    package var name: String
  }

  /// By id, this process excluded.
  package var processes: [Process]
  /// How many processes and folders do not let themselves be looked into. On systems without `/proc`, 1: nothing was seen
  /// at all.
  package var hidden: Int

  /// Looks for processes that have `directory` itself or any file in it open.
  ///
  /// - Complexity: O(files of the directory + descriptors of all processes).
  package static func of(_ directory: FilePath) throws(ChromaError) -> DirectoryUse {
    try onSystem { () throws(SystemError) in
      var files: Set<FileIdentity> = []
      let unseen = try collect(Descriptor(opening: directory, .read, [.directory]), &files)
      var use = of(files)
      use.hidden += unseen
      return use
    }
  }

  /// Looks for processes that have any of `files` open.
  package static func of(_ files: Set<FileIdentity>) -> DirectoryUse {
    var use = DirectoryUse(processes: [], hidden: 0)
    guard let names = try? DirectoryReader.names(in: FilePath("/proc")), FileStatus.exists(FilePath("/proc/self/fd"))
    else {
      return DirectoryUse(processes: [], hidden: 1)
    }
    let own = getpid()
    for name in names {
      guard let id = Int32(String(decoding: name, as: UTF8.self)), id != own else { continue }
      do throws(SystemError) {
        guard try hasOpen(files, process: "\(id)") else { continue }
        let comm = (try? Descriptor(opening: FilePath("/proc/\(id)/comm")).readStart(count: 256)) ?? []
        let text = String(decoding: comm.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        use.processes.append(Process(id: id, name: text))
      } catch {
        // It may have ended meanwhile.
        if error.errno == .permissionDenied || error.errno == .notPermitted { use.hidden += 1 }
      }
    }
    use.processes.sort { $0.id < $1.id }
    return use
  }

  /// Whether this very process has a file open.
  static func isOpenHere(_ file: FileIdentity) -> Bool { (try? hasOpen([file], process: "self")) ?? false }

  private static func hasOpen(_ files: Set<FileIdentity>, process: String) throws(SystemError) -> Bool {
    let folder = FilePath("/proc/\(process)/fd")
    for name in try DirectoryReader.names(in: folder) {
      // Follows the link to the open file itself, wherever its name is now.
      guard let status = try? FileStatus(at: folder.appending(nameBytes: name)) else { continue }
      if files.contains(FileIdentity(status)) { return true }
    }
    return false
  }

  /// - Returns: How many folders can't be looked into.
  private static func collect(
    _ directory: borrowing Descriptor, _ files: inout Set<FileIdentity>
  ) throws(SystemError) -> Int {
    var unseen = 0
    files.insert(FileIdentity(try directory.status()))
    for name in try DirectoryReader.names(in: directory) {
      do throws(SystemError) {
        let status = try directory.status(of: name)
        if status.kind == .directory {
          unseen += try collect(Descriptor(opening: name, in: directory, .read, [.directory]), &files)
        } else {
          files.insert(FileIdentity(status))
        }
      } catch {
        switch error.errno {
        case .noSuchFileOrDirectory: break
        case .permissionDenied: unseen += 1
        default: throw error
        }
      }
    }
    return unseen
  }
}
