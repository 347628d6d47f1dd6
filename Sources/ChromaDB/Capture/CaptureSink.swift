package import SystemIO
import SystemPackage

/// What a capture writes to: the engine that reads, hashes and stores.
///
/// The calls come one after another, from the thread that runs the capture:
///
/// 1. `firstPass` once, without any lock, for nearly all of the work;
/// 2. `readAgain`, `leaveOut` and `readDatabase` for what has changed since, any number of times; the last call about
///    a folder or the database counts. Where the database is held meanwhile (`whileHeld`, `readHeldDatabase`), writers
///    are waiting: only read, compare, and set aside what changed.
/// 3. `released` after each hold: what was set aside can be encoded and stored now, while nobody waits.
///
/// What the capture returns without an error is consistent; what it was told before an error is void.
package protocol CaptureSink: AnyObject {
  associatedtype Failure: Error

  /// Reads and stores everything but what the plan leaves out. Must not open the database by its path, nor by a hard
  /// link of it, nor `-wal` and `-shm`: `plan.forbidden` has their identities. Files may vanish or change
  /// meanwhile; in segment folders that is no error, for the capture looks at them again.
  func firstPass(_ plan: CapturePlan) throws(Failure)

  /// Reads the HNSW files of one folder again: exactly those in `folder.files`. Other HNSW files that were read before are
  /// no longer part of it. A file that has vanished is taken as empty; the capture notices and comes again.
  func readAgain(_ folder: SegmentFolder, whileHeld: Bool) throws(Failure)

  /// The folder is not part of the snapshot: its collection was deleted meanwhile, or it is an orphan.
  func leaveOut(_ folder: String) throws(Failure)

  /// Reads the database while nobody waits: again, where the first pass had it, or for the first time. Others may be
  /// writing to it, in which case it is read once more under the hold. The bytes are only good until the call returns.
  /// - Parameter stamp: What its tree entry is to say of time and size; the owner and permissions are the file's own.
  /// - Returns: How many bytes had changed, of what was read before.
  func readDatabase(_ content: any RandomAccessFile, stamp: FileStamp) throws(Failure) -> UInt64

  /// The same under the hold.
  /// - Parameter limit: Bytes that may be set aside. Where more has changed, the sink stops.
  /// - Returns: Whether all of it was read.
  func readHeldDatabase(_ content: any RandomAccessFile, stamp: FileStamp, limit: UInt64) throws(Failure) -> Bool

  /// A hold is over, whether what was read under it counts or not.
  func released() throws(Failure)
}

/// What the first pass is told.
package struct CapturePlan: Sendable {
  package var directory: ChromaDirectory
  /// Names at the top that are left out: SQLite's journals, and orphans.
  package var leftOut: Set<String>
  /// The database, to be read in the first pass through this owner; `nil`: it comes later, as a copy.
  package var database: DatabaseContent?
  /// The database, `-wal` and `-shm`, which must not be opened by their paths: closing a descriptor of theirs would drop
  /// SQLite's locks. The database's own entry is read through `database`; a hard link of it elsewhere too, or left out.
  package var forbidden: Set<FileIdentity>
}
