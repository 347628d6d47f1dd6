import SystemIO

/// The headers of one entry as the writer makes them, see `ZipFormat`.
///
/// An entry whose sizes are known before its header is written has no data descriptor; else bit 3 is set, the method is
/// deflate (whose end shows itself, so that readers of streams manage), and the descriptor has a signature. Whether its
/// sizes take 8 bytes is decided by what they could become at worst.
struct ZipHeader: Sendable {
  let entry: ZipEntry
  let method: ZipMethod
  /// Of the local header, from the archive's start.
  let offset: UInt64
  let hasDescriptor: Bool
  /// Whether the local header and the descriptor are of the ZIP64 kind.
  let is64: Bool
  var checksum: UInt32 = 0
  var compressed: UInt64 = 0
  var size: UInt64 = 0
  /// For a stored entry that is written as it is read.
  private var known: (size: UInt64, checksum: UInt32)?

  /// An entry that is held as a whole.
  init(_ entry: ZipEntry, method: ZipMethod, offset: UInt64) {
    self.entry = entry
    self.method = method
    self.offset = offset
    (hasDescriptor, is64) = (false, false)
  }

  /// An entry that is written as it is read.
  /// - Parameter checksum: Must be known where the method is `stored`.
  init(_ entry: ZipEntry, method: ZipMethod, offset: UInt64, length: UInt64, checksum: UInt32?) {
    self.entry = entry
    self.method = method
    self.offset = offset
    hasDescriptor = method != .stored
    is64 = length + length / 8192 + 1024 >= UInt64(ZipFormat.elsewhere32)
    known = checksum.map { (length, $0) }
  }

  private var flags: UInt16 {
    let isPlain = entry.name.allSatisfy { $0 < 0x80 }
    return (hasDescriptor ? ZipFormat.Flag.descriptor : 0)
      | (!isPlain && ZipName.isUTF8(entry.name) ? ZipFormat.Flag.utf8 : 0)
  }

  private var name: [UInt8] { entry.kind == .directory ? entry.name + [ZipName.slash] : entry.name }

  /// What both headers have in common, from the version needed to the date.
  private func common(is64: Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    let version =
      is64
      ? ZipFormat.version64
      : method == .deflate || entry.kind == .directory ? ZipFormat.versionDeflate : ZipFormat.versionStored
    let time = DosTime(entry.modified)
    bytes.append(integer: version)
    bytes.append(integer: flags)
    bytes.append(integer: method.rawValue)
    bytes.append(integer: time.time)
    bytes.append(integer: time.date)
    return bytes
  }

  func local() -> [UInt8] {
    let checksum = known?.checksum ?? checksum
    let (compressed, size) = known.map { ($0.size, $0.size) } ?? (compressed, size)
    let extra = (is64 ? ExtraField.zip64([size, compressed]) : []) + ExtraField.timestamp(entry.modified.seconds)
    var bytes: [UInt8] = []
    bytes.append(integer: ZipFormat.localSignature)
    bytes += common(is64: is64)
    bytes.append(integer: checksum)
    bytes.append(integer: is64 ? ZipFormat.elsewhere32 : UInt32(compressed))
    bytes.append(integer: is64 ? ZipFormat.elsewhere32 : UInt32(size))
    bytes.append(integer: UInt16(name.count))
    bytes.append(integer: UInt16(extra.count))
    return bytes + name + extra
  }

  func descriptor() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(integer: ZipFormat.descriptorSignature)
    bytes.append(integer: checksum)
    if is64 {
      bytes.append(integer: compressed)
      bytes.append(integer: size)
    } else {
      bytes.append(integer: UInt32(compressed))
      bytes.append(integer: UInt32(size))
    }
    return bytes
  }

  func central() -> [UInt8] {
    func short(_ value: UInt64) -> UInt32 { UInt32(exactly: value) ?? ZipFormat.elsewhere32 }
    let long = [size, compressed, offset].filter { short($0) == ZipFormat.elsewhere32 }
    let extra = ExtraField.zip64(long) + ExtraField.timestamp(entry.modified.seconds)
    var bytes: [UInt8] = []
    bytes.append(integer: ZipFormat.centralSignature)
    bytes.append(integer: ZipFormat.versionMadeBy)
    bytes += common(is64: is64 || !long.isEmpty)
    bytes.append(integer: checksum)
    bytes.append(integer: short(compressed))
    bytes.append(integer: short(size))
    bytes.append(integer: UInt16(name.count))
    bytes.append(integer: UInt16(extra.count))
    // No comment, first disk, no internal attributes.
    bytes += [UInt8](repeating: 0, count: 6)
    bytes.append(integer: externalAttributes)
    bytes.append(integer: short(offset))
    return bytes + name + extra
  }

  /// The Unix mode, and for Windows the attributes that match it.
  private var externalAttributes: UInt32 {
    let (type, attribute): (UInt32, UInt32) =
      switch entry.kind {
      case .file: (ZipFormat.modeFile, 0)
      case .directory: (ZipFormat.modeDirectory, ZipFormat.dosDirectory)
      case .symbolicLink: (ZipFormat.modeLink, 0)
      }
    let readOnly = entry.permissions & 0o200 == 0 ? ZipFormat.dosReadOnly : 0
    return (type | entry.permissions & 0o7777) << 16 | attribute | readOnly
  }

  /// The end records for a central directory at `directory`.
  static func end(entries: UInt64, directory: Range<UInt64>) -> [UInt8] {
    let (count, size) = (UInt16(exactly: entries) ?? .max, UInt32(exactly: directory.upperBound - directory.lowerBound))
    let start = UInt32(exactly: directory.lowerBound)
    var bytes: [UInt8] = []
    if count == .max || size ?? .max == .max || start ?? .max == .max {
      bytes.append(integer: ZipFormat.end64Signature)
      bytes.append(integer: UInt64(ZipFormat.end64Bytes - 12))
      bytes.append(integer: ZipFormat.versionMadeBy)
      bytes.append(integer: ZipFormat.version64)
      bytes.append(integer: UInt64(0))
      bytes.append(integer: entries)
      bytes.append(integer: entries)
      bytes.append(integer: directory.upperBound - directory.lowerBound)
      bytes.append(integer: directory.lowerBound)
      bytes.append(integer: ZipFormat.locatorSignature)
      bytes.append(integer: UInt32(0))
      bytes.append(integer: directory.upperBound)
      bytes.append(integer: UInt32(1))
    }
    bytes.append(integer: ZipFormat.endSignature)
    bytes.append(integer: UInt32(0))
    bytes.append(integer: count)
    bytes.append(integer: count)
    bytes.append(integer: size ?? .max)
    bytes.append(integer: start ?? .max)
    // No comment.
    bytes.append(integer: UInt16(0))
    return bytes
  }
}
