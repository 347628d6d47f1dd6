import CPlatform
import SystemIO
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The bytes that SQLite locks, and who holds them (https://www.sqlite.org/fileformat2.html, os_unix.c, wal.c).
enum LockBytes {
  /// Of the database: held by who may write next, in a rollback journal's mode.
  static let reserved: Int64 = 0x4000_0001
  /// Of the database: shared by readers, held alone by who changes the file.
  static let shared: Range<Int64> = 0x4000_0002..<0x4000_0200
  /// Of the `-shm` file: held by the writer of a write-ahead log.
  static let logWriter: Int64 = 120

  enum Holder: Equatable {
    case nobody, thisProcess, another
    /// The operating system has no way to tell.
    case unknown
  }

  /// Who holds a write lock on one byte, asked through a descriptor that stays open (`F_OFD_GETLK`).
  static func writer(of byte: Int64, _ file: borrowing Descriptor) throws(SystemError) -> Holder {
    var holder: CInt = 0
    var exclusive: CInt = 0
    switch unsafe cplatform_find_range_lock(file.raw, off_t(byte), 1, &holder, &exclusive) {
    case 0: return .nobody
    case 1: return exclusive == 0 ? .nobody : holder == getpid() ? .thisProcess : .another
    default:
      let error = SystemError.last("fcntl", file.path)
      if error.errno == .notSupported || error.errno == .invalidArgument { return .unknown }
      throw error
    }
  }

  /// Shares the database with readers, for as long as the open file stands, so that nobody can change it.
  /// - Returns: Whether the lock was free.
  static func share(_ file: borrowing Descriptor) -> Bool {
    cplatform_share_range(file.raw, off_t(shared.lowerBound), off_t(shared.count)) == 0
  }

  static func release(_ file: borrowing Descriptor) {
    _ = cplatform_release_range(file.raw, off_t(shared.lowerBound), off_t(shared.count))
  }
}
