import SnapshotRepository

/// A user's crontab. It is bytes: of lines that are not ours nothing is known, not even that they are text.
struct Crontab: Hashable, Sendable {
  var bytes: [UInt8] = []

  private static let newline = UInt8(ascii: "\n")

  /// A crontab with the schedule's block in it: in its old place, else at the end. Every other line stays as it is.
  /// - Throws: Where a block of that name has no end: what of the lines below belongs to it nobody can tell.
  func installing(_ schedule: Schedule) throws(SnapshotError) -> Crontab {
    var (before, after) = try around(schedule.name)
    if let last = before.last, last != Self.newline { before.append(Self.newline) }
    return Crontab(bytes: before + schedule.cronBlock.flatMap { Array($0.utf8) + [Self.newline] } + after)
  }

  /// A crontab without the block of that name; the same where there is none.
  func removing(_ name: String) throws(SnapshotError) -> Crontab {
    let (before, after) = try around(name)
    return Crontab(bytes: before + after)
  }

  /// What comes before the first block of that name, and what comes after it, without any further ones.
  private func around(_ name: String) throws(SnapshotError) -> (before: [UInt8], after: [UInt8]) {
    let begin = Array("\(Schedule.cronBegin) \(name):".utf8)
    let end = Array("\(Schedule.cronEnd) \(name)".utf8)
    let anyBegin = Array(Schedule.cronBegin.utf8)
    var (before, after): ([UInt8], [UInt8]) = ([], [])
    var wasFound = false
    // The number of the line that the block began with, while it has not ended.
    var open: Int?
    for (i, line) in lines.enumerated() {
      let text = Self.text(of: line)
      if let start = open {
        guard !text.starts(with: anyBegin) else { throw Self.unended(name, start) }
        if text.elementsEqual(end) { open = nil }
      } else if text.starts(with: begin) {
        (open, wasFound) = (i + 1, true)
      } else if wasFound {
        after += line
      } else {
        before += line
      }
    }
    if let open { throw Self.unended(name, open) }
    return (before, after)
  }

  /// The lines with their ends.
  private var lines: [ArraySlice<UInt8>] {
    var lines: [ArraySlice<UInt8>] = []
    var rest = bytes[...]
    while let end = rest.firstIndex(of: Self.newline) {
      lines.append(rest[...end])
      rest = rest[(end + 1)...]
    }
    return rest.isEmpty ? lines : lines + [rest]
  }

  /// A line without its end, be it that of Windows.
  private static func text(of line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var text = line
    if text.last == newline { text.removeLast() }
    if text.last == UInt8(ascii: "\r") { text.removeLast() }
    return text
  }

  private static func unended(_ name: String, _ line: Int) -> SnapshotError {
    SnapshotError(
      .failed, "line \(line) of the crontab begins the schedule \(name), and the line that ends it is missing",
      hint: "Nothing was changed. Edit it by hand with `crontab -e`: put the line `\(Schedule.cronEnd) \(name)` below "
        + "the schedule's last line, or take line \(line) away.")
  }
}
