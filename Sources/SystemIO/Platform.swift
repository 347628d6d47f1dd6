import CPlatform

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

  /// Makes the standard streams safe to use, whoever started the process.
  package static func settleStreams() { cplatform_settle_streams() }

  package static var errorNumber: CInt { errno }

  /// The number of processors that may run at once.
  package static let processorCount = max(1, Int(sysconf(CInt(_SC_NPROCESSORS_ONLN))))

  /// How many files this process may have open at once.
  package static var openFilesMaximum: Int {
    let limit = Int(sysconf(CInt(_SC_OPEN_MAX)))
    return limit < 0 ? .max : limit
  }

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

  /// What the local time zone adds to UTC at a moment, in seconds.
  package static func secondsEastOfUTC(at moment: Timestamp) -> Int64 {
    var seconds = time_t(moment.seconds)
    var fields = unsafe tm()
    unsafe localtime_r(&seconds, &fields)
    return Int64(unsafe fields.tm_gmtoff)
  }

  /// The name of this machine.
  package static var hostName: String {
    var name = [UInt8](repeating: 0, count: 256)
    let failed = unsafe name.withUnsafeMutableBytes { buffer in
      unsafe gethostname(buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count - 1)
    }
    return failed == 0 ? String(decoding: name.prefix { $0 != 0 }, as: UTF8.self) : "localhost"
  }

  /// The name of the user who runs this, or the number where it has none.
  package static var userName: String {
    guard let entry = unsafe getpwuid(geteuid()), let name = unsafe entry.pointee.pw_name else { return "\(geteuid())" }
    return unsafe String(cString: name)
  }

  package static var userID: UInt32 { geteuid() }

  package static var groupID: UInt32 { getegid() }

  /// The environment of this process, as `NAME=value`.
  package static var environment: [[UInt8]] {
    var variables: [[UInt8]] = []
    guard var next = unsafe cplatform_environment() else { return [] }
    while let variable = unsafe next.pointee {
      var bytes: [UInt8] = []
      var at = unsafe variable
      while unsafe at.pointee != 0 {
        unsafe bytes.append(UInt8(bitPattern: at.pointee))
        unsafe at += 1
      }
      variables.append(bytes)
      unsafe next += 1
    }
    return variables
  }
}
