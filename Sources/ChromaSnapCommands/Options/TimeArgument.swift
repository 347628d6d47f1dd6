import ArgumentParser
import SystemIO

/// A time: RFC 3339, or a day or a local time as people write it.
struct TimeArgument: ExpressibleByArgument {
  var time: Timestamp

  init?(argument: String) {
    if let time = Timestamp(rfc3339: argument) {
      self.time = time
      return
    }
    let parts = argument.split(whereSeparator: { $0 == " " || $0 == "T" })
    guard let day = parts.first, parts.count <= 2 else { return nil }
    let clock = parts.count == 2 ? String(parts[1]) : "23:59:59"
    guard let time = Timestamp(local: "\(day)T\(clock.utf8.count == 5 ? clock + ":00" : clock)") else { return nil }
    self.time = time
  }
}
