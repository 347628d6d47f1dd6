import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO
import SystemPackage

/// Gives what was restored its owners, permissions, attributes and times: files first, then folders from the deepest up,
/// since writing into a folder changes its time.
struct RestoreMetadata: Sendable {
  let writer: RestoreWriter

  func apply() throws(SnapshotError) -> [SnapshotWarning] {
    let collected = Mutex<[SnapshotWarning]>([])
    let entries = writer.plan.entries
    let files = entries.indices.filter { if case .directory = entries[$0].entry.kind { false } else { true } }
    let groups = stride(from: 0, to: files.count, by: 256).map { files[$0..<min(files.count, $0 + 256)] }
    try parallelLoop(items: groups.count) { (next: () -> Int?) throws(SnapshotError) in
      while let group = next() {
        try writer.activity.checkpoint()
        for entry in groups[group] { apply(entry, collected) }
      }
    }
    for entry in entries.indices.reversed() {
      if case .directory = entries[entry].entry.kind { apply(entry, collected) }
    }
    return collected.withLock { $0 }
  }

  private func apply(_ i: Int, _ collected: borrowing Mutex<[SnapshotWarning]>) {
    let entry = writer.plan.entries[i].entry
    let path = writer.path(i)
    func attempt(_ what: String, _ body: () throws(SystemError) -> Void) {
      do throws(SystemError) { try body() } catch {
        let warning = SnapshotWarning(
          .metadata, "\(what) could not be restored: \(error)", path: writer.plan.entries[i].path)
        collected.withLock { $0.append(warning) }
      }
    }
    // Only root may give files away; for anybody else the restored files are their own.
    if Platform.userID == 0 {
      attempt("the owner") { () throws(SystemError) in
        try FileSystem.setOwner(entry.owner, group: entry.group, at: path)
      }
    }
    for attribute in entry.attributes {
      attempt("an extended attribute") { () throws(SystemError) in try attribute.set(at: path) }
    }
    if case .symbolicLink = entry.kind {
    } else {
      attempt("the permissions") { () throws(SystemError) in
        try FileSystem.setPermissions(entry.permissions, at: path)
      }
    }
    attempt("the time") { () throws(SystemError) in try FileSystem.setModified(entry.modified, at: path) }
  }
}
