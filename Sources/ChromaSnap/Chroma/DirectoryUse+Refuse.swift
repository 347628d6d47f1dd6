import ChromaDB
import SnapshotRepository
import SystemPackage

extension DirectoryUse {
  /// Throws where a process has a directory open, and names it.
  static func refuse(_ directory: FilePath) throws(SnapshotError) {
    let use: DirectoryUse
    do { use = try DirectoryUse.of(directory) } catch {
      // What can't be read can't be open to be overwritten either; the swap will say what is wrong.
      return
    }
    guard let process = use.processes.first else { return }
    throw SnapshotError(
      .targetBusy, "ChromaDB in use: process \(process.id) (\(process.name)) has \(directory) open",
      hint:
        "Stop it first. With --force it keeps the replaced files open: it reads old data, and what it writes is lost.")
  }
}
