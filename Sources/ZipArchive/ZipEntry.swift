package import SystemIO

/// What a ZIP archive says of one member: its name, what it is, its permissions and its time. The content is apart.
///
/// ## The archives of this module
///
/// `ZipWriter` and `ZipReader` follow PKWARE's APPNOTE.TXT 6.3.x (section numbers in the comments are those of 6.3.10) and
/// RFC 1951 for the deflate streams. Times and names use what Info-ZIP added: the extended timestamp (0x5455) and the
/// Unicode path (0x7075); times that do not fit into the former use the field of NTFS (0x000A). An archive that the writer
/// makes has this shape:
///
/// ```
/// for each entry   local header, data, and for what does not fit into one piece of memory a data descriptor
/// central directory  one record per entry
/// end records      ZIP64 end record and locator where a number needs them, end record
/// ```
package struct ZipEntry: Hashable, Sendable {
  package enum Kind: Sendable {
    case file, directory
    /// The content is the target.
    case symbolicLink
  }

  /// The path inside the archive: components between `/`, none of them `.` or `..`, without a slash at either end. Bytes,
  /// because not every name is UTF-8.
  package var name: [UInt8]
  package var kind: Kind
  /// Permission bits, with set-user-id, set-group-id and sticky: `mode & 0o7777`.
  package var permissions: UInt32
  /// The time of last modification. Archives keep whole seconds.
  package var modified: Timestamp

  package init(name: [UInt8], kind: Kind = .file, permissions: UInt32 = 0o644, modified: Timestamp) {
    self.name = name
    self.kind = kind
    self.permissions = permissions
    self.modified = modified
  }

  package init(name: String, kind: Kind = .file, permissions: UInt32 = 0o644, modified: Timestamp) {
    self.init(name: Array(name.utf8), kind: kind, permissions: permissions, modified: modified)
  }

  /// The name for people: UTF-8, or code page 437 where the bytes are no valid UTF-8.
  package var nameText: String { ZipName.text(name) }
}
