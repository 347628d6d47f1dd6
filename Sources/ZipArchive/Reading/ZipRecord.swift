/// An entry as the central directory of an archive describes it.
package struct ZipRecord: Hashable, Sendable {
  package var entry: ZipEntry
  package var method: ZipMethod
  package var checksum: UInt32
  package var compressedSize: UInt64
  /// Bytes, unpacked.
  package var size: UInt64

  /// The name as the headers have it.
  var rawName: [UInt8]
  /// Where the local header is, from the start of the file.
  var offset: UInt64
  /// Where the next entry or the central directory begins: the data ends before.
  var end: UInt64 = 0
}

extension ZipRecord {
  /// The external attributes and the name tell what it is: where a Unix program made the archive they hold the mode, else
  /// attributes of MS-DOS.
  static func kind(
    madeBy: UInt16, attributes: UInt32, rawName: [UInt8]
  ) throws(ZipError) -> (ZipEntry.Kind, permissions: UInt32) {
    let mode = attributes >> 16
    let isFolder = rawName.last == ZipName.slash
    guard ZipFormat.unixHosts.contains(UInt8(madeBy >> 8)), mode != 0 else {
      let folder = isFolder || attributes & ZipFormat.dosDirectory != 0
      let permissions: UInt32 = folder ? 0o755 : attributes & ZipFormat.dosReadOnly != 0 ? 0o444 : 0o644
      return (folder ? .directory : .file, permissions)
    }
    switch mode & ZipFormat.modeType {
    case ZipFormat.modeDirectory: return (.directory, mode & 0o7777)
    case ZipFormat.modeLink where !isFolder: return (.symbolicLink, mode & 0o7777)
    case ZipFormat.modeFile, 0: return (isFolder ? .directory : .file, mode & 0o7777)
    default:
      throw ZipError(
        .unsupported, "an entry is neither a file nor a folder nor a symbolic link", entry: ZipName.text(rawName))
    }
  }
}
