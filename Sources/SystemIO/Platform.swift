#if canImport(Glibc)
  package import Glibc
#elseif canImport(Musl)
  package import Musl
#else
  package import Darwin
#endif

/// What differs between the C libraries, in one place.
package enum Platform {
  package typealias Stat = stat

  package static var errorNumber: CInt { errno }

  /// The number of processors that may run at once.
  package static let processorCount = max(1, Int(sysconf(CInt(_SC_NPROCESSORS_ONLN))))

  package static func modificationTime(_ status: Stat) -> Timestamp {
    #if canImport(Darwin)
      Timestamp(seconds: Int64(status.st_mtimespec.tv_sec), nanoseconds: UInt32(status.st_mtimespec.tv_nsec))
    #else
      Timestamp(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: UInt32(status.st_mtim.tv_nsec))
    #endif
  }

  package static func changeTime(_ status: Stat) -> Timestamp {
    #if canImport(Darwin)
      Timestamp(seconds: Int64(status.st_ctimespec.tv_sec), nanoseconds: UInt32(status.st_ctimespec.tv_nsec))
    #else
      Timestamp(seconds: Int64(status.st_ctim.tv_sec), nanoseconds: UInt32(status.st_ctim.tv_nsec))
    #endif
  }
}
