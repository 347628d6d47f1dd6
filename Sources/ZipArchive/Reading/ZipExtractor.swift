package import SystemIO

/// Unpacks entries one after another into the caller's memory. One per worker; 300 KiB.
///
/// What it hands out before the end of an entry is not yet proved: the last bytes come only after checksum and sizes were
/// found right.
package struct ZipExtractor<Source: RandomAccess & ~Copyable>: ~Copyable {
  private let reader: ZipReader<Source>
  private let inflater = Inflater()
  private var input = ByteBuffer(capacity: 256 << 10)
  /// How much of `input` is used up.
  private var used = 0
  private var record: ZipRecord?
  /// Where the entry's next compressed byte is, and where they end.
  private var position: UInt64 = 0
  private var dataEnd: UInt64 = 0
  private var produced: UInt64 = 0
  private var checksum: UInt32 = 0
  private var isProved = false

  package init(_ reader: ZipReader<Source>) { self.reader = reader }

  /// Begins an entry, and checks its local header against the central directory.
  package mutating func open(_ record: ZipRecord) throws(ZipError) {
    self.record = nil
    let name = record.entry.nameText
    let header = try reader.source.bytes(at: record.offset, count: ZipFormat.localBytes + record.rawName.count)[...]
    guard header.integer(at: 0, as: UInt32.self) == ZipFormat.localSignature else {
      throw ZipError.damaged("an entry's local header is missing", entry: name)
    }
    guard Int(header.integer(at: 26, as: UInt16.self)) == record.rawName.count,
      header.dropFirst(ZipFormat.localBytes).elementsEqual(record.rawName),
      header.integer(at: 8, as: UInt16.self) == record.method.rawValue,
      header.integer(at: 6, as: UInt16.self) & ZipFormat.Flag.encrypted == 0
    else {
      throw ZipError.damaged("an entry's local header contradicts the central directory", entry: name)
    }
    position = record.offset + UInt64(header.count) + UInt64(header.integer(at: 28, as: UInt16.self))
    guard position <= record.end, record.compressedSize <= record.end - position else {
      throw ZipError(
        .overlapping, "two entries share bytes of the archive, as in a decompression bomb", entry: name)
    }
    dataEnd = position + record.compressedSize
    (produced, checksum, used, isProved) = (0, 0, 0, false)
    input.count = 0
    inflater.reset()
    self.record = record
  }

  /// Reads on in the entry that is open: fills `buffer`, except at the entry's end.
  /// - Returns: How many bytes; 0 at the end, where all was found right.
  package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(ZipError) -> Int {
    guard let record else { preconditionFailure("an entry is opened before it is read") }
    let count = Int(min(UInt64(buffer.count), record.size - produced))
    let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
    switch record.method {
    case .stored:
      let (source, offset) = (reader, position)
      let got = try onArchive { () throws(SystemError) in unsafe try source.source.read(at: offset, into: room) }
      guard got == count else { throw ZipError.damaged("the archive ends too early", entry: record.entry.nameText) }
      position += UInt64(count)
    case .deflate:
      var done = 0
      while done < count {
        let step = unsafe try inflate(record, into: UnsafeMutableRawBufferPointer(rebasing: room[done...]))
        done += step.produced
        guard done == count || !step.isEnd else { throw Self.wrongSize(record) }
        if step.isEnd { isProved = true }
      }
    }
    unsafe checksum = Checksum.crc32(UnsafeRawBufferPointer(room), after: checksum)
    produced += UInt64(count)
    if produced == record.size { try prove(record) }
    return count
  }

  /// All of an entry, piece by piece.
  /// - Parameters:
  ///   - buffer: Where the pieces are put; its capacity is their length.
  ///   - body: Is given each piece in order.
  package mutating func extract(
    _ record: ZipRecord, through buffer: inout ByteBuffer, _ body: (RawSpan) throws(ZipError) -> Void
  ) throws(ZipError) {
    try open(record)
    while true {
      buffer.count = unsafe try read(into: buffer.storage)
      if buffer.count == 0 { return }
      try body(buffer.bytes)
    }
  }

  /// All of an entry that is small enough to be held in memory: metadata, the target of a symbolic link.
  package mutating func bytes(of record: ZipRecord, limit: Int = 16 << 20) throws(ZipError) -> [UInt8] {
    guard record.size <= UInt64(limit) else {
      throw ZipError(.overLimit, "an entry is longer than \(limit) bytes", entry: record.entry.nameText)
    }
    var buffer = ByteBuffer(capacity: Int(record.size) + 1)
    var result: [UInt8] = []
    try extract(record, through: &buffer) { piece throws(ZipError) in
      unsafe piece.withUnsafeBytes { unsafe result.append(contentsOf: $0) }
    }
    return result
  }

  /// One step of the deflate stream, with more input where there is none left.
  private mutating func inflate(
    _ record: ZipRecord, into room: UnsafeMutableRawBufferPointer
  ) throws(ZipError) -> Inflater.Step {
    if used == input.count, position < dataEnd {
      let count = Int(min(UInt64(input.capacity), dataEnd - position))
      let (source, offset) = (reader, position)
      let target = unsafe UnsafeMutableRawBufferPointer(rebasing: input.storage[..<count])
      input.count = try onArchive { () throws(SystemError) in unsafe try source.source.read(at: offset, into: target) }
      guard input.count == count else {
        throw ZipError.damaged("the archive ends too early", entry: record.entry.nameText)
      }
      position += UInt64(count)
      used = 0
    }
    guard let step = unsafe inflater.step(UnsafeRawBufferPointer(rebasing: input.pointer[used...]), into: room) else {
      throw ZipError.damaged("an entry's data are no deflate stream", entry: record.entry.nameText)
    }
    // Without input there may still be output to come from what was taken before; without either the stream is cut off.
    guard step.isEnd || step.consumed + step.produced > 0 else {
      throw ZipError.damaged("an entry's data end too early", entry: record.entry.nameText)
    }
    used += step.consumed
    return step
  }

  /// All bytes are there: the stream must end here, have used all of its bytes, and come to the checksum.
  private mutating func prove(_ record: ZipRecord) throws(ZipError) {
    if record.method == .deflate {
      while !isProved {
        var spare: UInt8 = 0
        let step = unsafe try withUnsafeMutableBytes(of: &spare) { room throws(ZipError) in
          unsafe try inflate(record, into: room)
        }
        guard step.produced == 0 else { throw Self.wrongSize(record) }
        isProved = step.isEnd
      }
      guard used == input.count, position == dataEnd else { throw Self.wrongSize(record) }
    }
    guard checksum == record.checksum else {
      throw ZipError.damaged("an entry's checksum is wrong", entry: record.entry.nameText)
    }
  }

  private static func wrongSize(_ record: ZipRecord) -> ZipError {
    ZipError.damaged("an entry is not as long as the directory says", entry: record.entry.nameText)
  }
}
