import SystemIO

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Date and time as MS-DOS keeps them (APPNOTE.TXT 4.4.6): two seconds at the finest, 1980 to 2107, of no particular zone.
///
/// ```
/// date: 7 bits year - 1980, 4 bits month, 5 bits day      time: 5 bits hour, 6 bits minute, 5 bits second / 2
/// ```
struct DosTime: Hashable {
  var date: UInt16
  var time: UInt16

  /// The time in UTC, so that the same content makes the same archive everywhere. What lies outside is moved to the nearest
  /// end.
  init(_ timestamp: Timestamp) {
    let civil = CivilTime(secondsSinceEpoch: timestamp.seconds)
    guard civil.year >= 1980 else { (date, time) = (1 << 5 | 1, 0); return }
    guard civil.year <= 2107 else { (date, time) = (127 << 9 | 12 << 5 | 31, 23 << 11 | 59 << 5 | 29); return }
    date = UInt16((civil.year - 1980) << 9 | civil.month << 5 | civil.day)
    time = UInt16(civil.hour << 11 | civil.minute << 5 | civil.second / 2)
  }

  init(date: UInt16, time: UInt16) {
    self.date = date
    self.time = time
  }

  /// The moment, read as local time of this machine: what programs mean that write no other time beside it. ``ZipWriter``,
  /// which means UTC, always does, but for times that no field can hold.
  var timestamp: Timestamp {
    var fields = unsafe tm()
    unsafe fields.tm_year = CInt(date >> 9) + 80
    unsafe fields.tm_mon = min(max(CInt(date >> 5 & 15), 1), 12) - 1
    unsafe fields.tm_mday = max(CInt(date & 31), 1)
    unsafe fields.tm_hour = CInt(time >> 11)
    unsafe fields.tm_min = CInt(time >> 5 & 63)
    unsafe fields.tm_sec = CInt(time & 31) * 2
    unsafe fields.tm_isdst = -1
    return Timestamp(seconds: unsafe Int64(mktime(&fields)))
  }
}
