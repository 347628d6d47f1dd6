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

  /// The id at the end of a name: its last 64 digits, before an ending.
  package static func id(in name: some StringProtocol) -> ChunkID? {
    let stem = name.hasSuffix(".json") ? name.dropLast(5) : name[...]
    return ChunkID(stem.suffix(64))
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
