import SystemIO

/// Reads the central directory, and refuses what no honest program writes. Memory follows what is really there, never what
/// a number claims.
struct CentralDirectory: ~Copyable {
  private let end: EndRecord
  private let limits: ZipLimits
  private var records: [ZipRecord] = []
  private var names = ZipNames()
  /// Entries seen, the root folder's own among them.
  private var count: UInt64 = 0

  /// The records of an archive, in the directory's order, and where the directory is. O(n log n).
  static func read<Source: RandomAccess & ~Copyable>(
    of source: borrowing Source, limits: ZipLimits
  ) throws(ZipError) -> (records: [ZipRecord], place: Range<UInt64>) {
    let size = try onArchive { () throws(SystemError) in try source.size() }
    var directory = CentralDirectory(end: try EndRecord(of: source, size: size), limits: limits)
    do throws(ZipError) { try directory.read(source) } catch {
      var refusal = error
      if error.code == .unsafeName || error.code == .duplicateName {
        refusal.hint = "Unpack such an archive by hand, in a folder of its own, and look at what it holds."
      }
      throw refusal
    }
    try directory.separate()
    try directory.limit(archiveBytes: size)
    return (directory.records, directory.end.directory)
  }

  private init(end: EndRecord, limits: ZipLimits) {
    self.end = end
    self.limits = limits
  }

  private mutating func read<Source: RandomAccess & ~Copyable>(_ source: borrowing Source) throws(ZipError) {
    let window = 1 << 20
    var bytes: [UInt8] = []
    var (at, position) = (0, end.directory.lowerBound)
    while true {
      // A record with its longest name, extra fields and comment is less than 200 KiB.
      if bytes.count - at < 200 << 10, position < end.directory.upperBound {
        bytes.removeFirst(at)
        at = 0
        let more = Int(min(UInt64(window), end.directory.upperBound - position))
        bytes += try source.bytes(at: position, count: more)
        position += UInt64(more)
      }
      if at == bytes.count { break }
      at += try add(bytes[at...])
    }
    guard end.isExact ? count == end.entries : count % 65_536 == end.entries % 65_536 else {
      throw ZipError.damaged("the central directory has \(count) entries instead of \(end.entries)")
    }
  }

  /// Adds the record that `bytes` begin with.
  /// - Returns: Its length.
  private mutating func add(_ bytes: ArraySlice<UInt8>) throws(ZipError) -> Int {
    func field<Value: FixedWidthInteger>(_ offset: Int, _ type: Value.Type) -> Value {
      bytes.integer(at: offset, as: type)
    }
    guard bytes.count >= ZipFormat.centralBytes, field(0, UInt32.self) == ZipFormat.centralSignature else {
      throw ZipError.damaged("a record of the central directory is broken")
    }
    let (nameBytes, extraBytes) = (Int(field(28, UInt16.self)), Int(field(30, UInt16.self)))
    let length = ZipFormat.centralBytes + nameBytes + extraBytes + Int(field(32, UInt16.self))
    guard bytes.count >= length else { throw ZipError.damaged("a record of the central directory is cut off") }
    let nameStart = bytes.startIndex + ZipFormat.centralBytes
    let rawName = Array(bytes[nameStart..<nameStart + nameBytes])
    let extra = CentralExtra(bytes[nameStart + nameBytes..<nameStart + nameBytes + extraBytes], rawName: rawName)
    let flags = field(8, UInt16.self)
    let shown = ZipName.text(extra.name ?? rawName)

    count += 1
    guard count <= UInt64(limits.entries) else {
      throw overLimit("the archive has more than \(limits.entries) entries")
    }
    guard flags & (ZipFormat.Flag.encrypted | ZipFormat.Flag.strongEncryption | ZipFormat.Flag.maskedHeaders) == 0
    else {
      throw ZipError(
        .encrypted, "an entry is encrypted", hint: "Unpack the archive with its password first.", entry: shown)
    }
    guard let method = ZipMethod(rawValue: field(10, UInt16.self)), flags & ZipFormat.Flag.patch == 0 else {
      let raw = field(10, UInt16.self)
      throw ZipError(
        .unsupported, "an entry is compressed by a method that is not read here: \(raw) (\(ZipMethod.name(raw)))",
        hint: "Unpack the archive with the program that made it.", entry: shown)
    }
    var numbers = extra.numbers[...]
    func long(_ short: UInt32) throws(ZipError) -> UInt64 {
      guard short == ZipFormat.elsewhere32 else { return UInt64(short) }
      guard let number = numbers.popFirst() else {
        throw ZipError.damaged("an entry's ZIP64 field is missing", entry: shown)
      }
      return number
    }
    let size = try long(field(24, UInt32.self))
    let compressedSize = try long(field(20, UInt32.self))
    let offset = try long(field(42, UInt32.self))
    guard field(34, UInt16.self) == 0 || field(34, UInt16.self) == .max else {
      throw ZipError(.unsupported, "an entry lies on another volume", hint: "Join the volumes first.", entry: shown)
    }
    // Deflate makes at most 258 bytes of 2 bits.
    guard method == .stored ? size == compressedSize : size / 1032 <= compressedSize else {
      throw ZipError.damaged("an entry's two sizes contradict each other", entry: shown)
    }
    let (start, overflow) = offset.addingReportingOverflow(end.base)
    let least = UInt64(ZipFormat.localBytes + nameBytes)
    guard !overflow, start <= end.directory.lowerBound, least <= end.directory.lowerBound - start,
      compressedSize <= end.directory.lowerBound - start - least
    else { throw ZipError.damaged("an entry is said to lie beyond the archive's end", entry: shown) }

    let (kind, permissions) = try ZipRecord.kind(
      madeBy: field(4, UInt16.self), attributes: field(38, UInt32.self), rawName: rawName)
    let name = try ZipName.checked(extra.name ?? rawName)
    guard kind != .directory || size == 0 else { throw ZipError.damaged("a folder has content", entry: shown) }
    // What some programs write for the folder itself, "./", says nothing about what is in it.
    if name.isEmpty { return length }
    try names.insert(name, isFolder: kind == .directory)
    let time = extra.modified ?? DosTime(date: field(14, UInt16.self), time: field(12, UInt16.self)).timestamp
    records.append(
      ZipRecord(
        entry: ZipEntry(name: name, kind: kind, permissions: permissions, modified: time), method: method,
        checksum: field(16, UInt32.self), compressedSize: compressedSize, size: size, rawName: rawName, offset: start))
    return length
  }

  /// Gives each record the place where the next one begins, and refuses those that share bytes. How long a local header's
  /// extra fields are is known when the entry is read only: it is checked again there.
  private mutating func separate() throws(ZipError) {
    let order = records.indices.sorted { records[$0].offset < records[$1].offset }
    for (i, index) in order.enumerated() {
      let record = records[index]
      let next = i + 1 < order.count ? records[order[i + 1]].offset : end.directory.lowerBound
      let least = UInt64(ZipFormat.localBytes + record.rawName.count) + record.compressedSize
      guard next - record.offset >= least else {
        throw ZipError(
          .overlapping, "two entries share bytes of the archive, as in a decompression bomb",
          entry: record.entry.nameText)
      }
      records[index].end = next
    }
  }

  private func limit(archiveBytes: UInt64) throws(ZipError) {
    var total: UInt64 = 0
    for record in records {
      guard record.size <= limits.entryBytes else {
        throw overLimit("an entry is \(record.size) bytes long", entry: record.entry.nameText)
      }
      total = total.addingReportingOverflow(record.size).overflow ? .max : total + record.size
    }
    guard total <= limits.totalBytes else { throw overLimit("the archive unpacks to \(total) bytes") }
    guard total <= limits.ratioFreeBytes || total / max(archiveBytes, 1) < limits.ratio else {
      throw overLimit("the archive unpacks to \(total) bytes, more than \(limits.ratio) times its size")
    }
  }

  private func overLimit(_ message: String, entry: String? = nil) -> ZipError {
    ZipError(
      .overLimit, "\(message): this looks like a decompression bomb",
      hint: "Unpack it by hand if you trust it, and take the folder.", entry: entry)
  }
}

/// What the extra fields of a record say (`ExtraField`).
private struct CentralExtra {
  /// The ZIP64 numbers, in order.
  var numbers: [UInt64] = []
  var modified: Timestamp?
  /// The name in UTF-8, where it belongs to the one in the header.
  var name: [UInt8]?

  init(_ extra: ArraySlice<UInt8>, rawName: [UInt8]) {
    var (unix, windows): (Timestamp?, Timestamp?) = (nil, nil)
    var (numbers, name): ([UInt64], [UInt8]?) = ([], nil)
    ExtraField.forEach(extra) { tag, field in
      switch tag {
      case ExtraField.zip64:
        numbers = stride(from: 0, to: field.count / 8 * 8, by: 8).map { field.integer(at: $0, as: UInt64.self) }
      case ExtraField.timestamp where field.count >= 5 && field.integer(at: 0, as: UInt8.self) & 1 == 1:
        unix = Timestamp(seconds: Int64(field.integer(at: 1, as: Int32.self)))
      case ExtraField.ntfs where field.count >= 32 && field.integer(at: 4, as: UInt16.self) == 1:
        windows = Timestamp(windowsTicks: field.integer(at: 8, as: UInt64.self))
      case ExtraField.unicodePath where field.count > 5 && field.integer(at: 0, as: UInt8.self) == 1:
        let checksum = unsafe rawName.withUnsafeBytes { unsafe Checksum.crc32($0) }
        let text = Array(field.dropFirst(5))
        if field.integer(at: 1, as: UInt32.self) == checksum, ZipName.isUTF8(text) { name = text }
      default: break
      }
    }
    self.numbers = numbers
    self.name = name
    modified = unix ?? windows
  }
}

extension Timestamp {
  /// A time of Windows: in steps of 100 ns since 1601. `nil` for 0, which stands for no time.
  fileprivate init?(windowsTicks ticks: UInt64) {
    guard ticks > 0 else { return nil }
    self.init(
      seconds: Int64(ticks / 10_000_000) - ExtraField.windowsEpoch, nanoseconds: UInt32(ticks % 10_000_000) * 100)
  }
}
