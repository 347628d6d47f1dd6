package import SnapshotRepository
import SystemIO

/// How snapshots are named: what for, and when, in local time, as backups of Chroma always were.
package enum SnapshotName {
  package static let standard = "chromadb_backup"

  /// `foo_20261124_080000`. Where that is taken, the commit adds `-2`, `-3`, ….
  static func make(_ stem: String, at time: Timestamp) -> String { "\(stem)_\(time.localName)" }

  /// A name goes into file names and tables, and a path may follow it behind a colon: nothing that would break them.
  package static func validate(_ stem: String) throws(SnapshotError) {
    guard isValid(stem) else {
      throw SnapshotError(
        .usage, "\"\(stem)\" can't be a snapshot's name",
        hint: "Use letters, digits, spaces and punctuation other than slashes and colons, 200 bytes at most.")
    }
  }

  static func isValid(_ stem: String) -> Bool {
    stem.unicodeScalars.allSatisfy(isPlain) && !stem.isEmpty && stem.utf8.count <= 200 && !stem.hasPrefix(".")
      && !stem.hasPrefix("-")
  }

  static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value >= 0x20 && scalar != "/" && scalar != "\\" && scalar != ":" && scalar.value != 0x7F
  }
}
