package import SnapshotFormat
package import SystemIO

/// Where each kind of object lies in a repository.
package enum ObjectNames {
  package static let config = "config"
  package static let packs = "packs"
  package static let snapshots = "snapshots"
  package static let notes = "notes"
  package static let condemned = "condemned"
  package static let audit = "audit"

  package static func pack(_ id: ChunkID) -> String {
    let digits = id.description
    return "\(packs)/\(digits.prefix(2))/\(digits)"
  }

  package static func snapshot(_ id: ChunkID, committed: Timestamp) -> String {
    "\(snapshots)/\(committed.month)/\(committed.compact)-\(id).json"
  }

  package static func note(_ id: ChunkID, time: Timestamp) -> String { "\(notes)/\(time.month)/\(time.compact)-\(id)" }

  package static func audit(_ id: ChunkID, time: Timestamp) -> String { "\(audit)/\(time.month)/\(time.compact)-\(id)" }

  package static func condemned(_ id: ChunkID) -> String { "\(condemned)/\(id)" }

  /// The folder that an object lies in.
  package static func folder(of object: String) -> String {
    object.lastIndex(of: "/").map { String(object[..<$0]) } ?? ""
  }

  /// What an object is called in its folder.
  package static func name(of object: String) -> Substring {
    object.lastIndex(of: "/").map { object[object.index(after: $0)...] } ?? object[...]
  }

  /// The id in an object's name; `nil` where no object is called so: copies that a user or a system has put beside it, such as
  /// `._` before its name, are nothing of the repository's.
  package static func id(in object: String) -> ChunkID? {
    let name = name(of: object)
    switch String(object.prefix { $0 != "/" }) {
    case packs: return ChunkID(name).flatMap { pack($0) == object ? $0 : nil }
    case condemned: return ChunkID(name)
    case notes, audit: return timedID(name) { folder(of: object).hasSuffix("/\($0)") }
    // In whatever month: a manifest that was moved must not be overlooked.
    case snapshots:
      guard name.hasSuffix(".json") else { return nil }
      return timedID(name.dropLast(5)) { month in self.name(of: folder(of: object)).utf8.count == month.utf8.count }
    default: return nil
    }
  }

  /// The id in `<time>-<id>`, where that may lie in the folder that it does.
  private static func timedID(_ name: Substring, in folderFits: (_ month: String) -> Bool) -> ChunkID? {
    let time = name.prefix { $0 != "-" }
    guard Timestamp.isCompact(time), folderFits("\(time.prefix(4))-\(time.dropFirst(4).prefix(2))") else { return nil }
    return ChunkID(name.dropFirst(time.count + 1))
  }

  // Whoever holds several locks took them in this order, so that nobody waits for what another won't let go: that of a source or
  // an import, forget's or prune's (nobody holds both), the repository's, that for names.

  /// Held exclusively while it is decided which snapshots are forgotten, and until they are; and by whoever pins one. What it is
  /// decided by is looked at with the lock held.
  package static let forgetLock = "locks/forget"
  /// Held shared by whoever reads or adds, exclusively while packs are deleted.
  package static let repositoryLock = "locks/repository"
  /// Held exclusively for a whole prune, so that there is one at a time. Who waits for it holds up nobody.
  package static let pruneLock = "locks/prune"
  /// Held exclusively while a snapshot is given its name and committed, so that no two get the same.
  package static let nameLock = "locks/name"
  /// Held exclusively while a backup is imported, so that none is imported twice.
  package static let importLock = "locks/import"

  /// Held exclusively while a source is backed up automatically, so that there is one run of it at a time.
  package static func automaticLock(of path: [UInt8]) -> String { "locks/auto-\(ChunkID(of: path).short)" }
}
