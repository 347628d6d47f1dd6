import SnapshotRepository
import SystemIO

/// How snapshots are named: what for, and when, in local time, as backups of Chroma always were.
enum SnapshotName {
  static let standard = "chromadb_backup"

  /// `foo_20261124_080000`, with `-2`, `-3`, … where that name is taken.
  static func make(_ stem: String, at time: Timestamp, in catalogue: Catalogue) throws(SnapshotError) -> String {
    let name = "\(stem)_\(time.localName)"
    var candidate = name
    var number = 2
    while try !catalogue.snapshots(.named(candidate), newest: 1).isEmpty {
      candidate = "\(name)-\(number)"
      number += 1
    }
    return candidate
  }

  /// A name goes into file names and tables: nothing that would break them.
  static func validate(_ stem: String) throws(SnapshotError) {
    let isPlain = stem.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "/" && $0 != "\\" && $0.value != 0x7F }
    guard isPlain, !stem.isEmpty, stem.utf8.count <= 200, !stem.hasPrefix("."), !stem.hasPrefix("-") else {
      throw SnapshotError(
        .usage, "\"\(stem)\" can't be a snapshot's name",
        hint: "Use letters, digits, spaces and punctuation other than slashes, 200 bytes at most.")
    }
  }
}
