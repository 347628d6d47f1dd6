package import SnapshotFormat

/// Which files of a snapshot were names of one file.
///
/// A file that changed while the snapshot was taken may stand in it with another content under each name: those are files
/// of their own.
package struct HardLinks {
  private var first: [UInt64: (place: Int, kind: TreeEntry.Kind)] = [:]

  package init() {}

  /// The place of the file that an entry is another name of; `nil` where it is the first of its content.
  package mutating func original(of entry: TreeEntry, at place: Int) -> Int? {
    guard let group = entry.linkGroup else { return nil }
    if let known = first[group], known.kind == entry.kind { return known.place }
    first[group] = (place, entry.kind)
    return nil
  }
}
