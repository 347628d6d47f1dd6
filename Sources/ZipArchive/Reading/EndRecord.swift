import SystemIO

/// Where the central directory is: what the records at an archive's end say (`ZipFormat`).
struct EndRecord {
  /// From the start of the file.
  var directory: Range<UInt64>
  /// How many entries the directory has; `isExact` where the number could not have overflowed.
  var entries: UInt64
  var isExact: Bool
  /// How many bytes stand before the archive, as in a self-extracting one: offsets count from there.
  var base: UInt64

  /// Finds the end record: the last one whose comment ends with the file, or with zeros behind it. Those are the padding
  /// of tar programs that write to a pipe.
  init<Source: RandomAccess & ~Copyable>(of source: borrowing Source, size: UInt64) throws(ZipError) {
    let most = UInt64(ZipFormat.endBytes + Int(UInt16.max) + ZipFormat.locatorBytes + ZipFormat.end64Bytes)
    let start = size > most ? size - most : 0
    let tail = try source.bytes(at: start, count: Int(size - start))
    guard tail.count >= ZipFormat.endBytes else { throw Self.missing }
    var at = tail.count - ZipFormat.endBytes
    let used = (tail.lastIndex { $0 != 0 } ?? -1) + 1
    func isEnd(_ place: Int) -> Bool {
      let record = tail[place...]
      guard record.integer(at: 0, as: UInt32.self) == ZipFormat.endSignature else { return false }
      let end = place + ZipFormat.endBytes + Int(record.integer(at: 20, as: UInt16.self))
      return end >= used && end <= tail.count
    }
    while !isEnd(at) {
      guard at > 0 else { throw Self.missing }
      at -= 1
    }
    let end = tail[at...]
    func field<Value: FixedWidthInteger>(_ offset: Int, _ type: Value.Type) -> Value {
      end.integer(at: offset, as: type)
    }
    let position = start + UInt64(at)
    var found = (
      entries: UInt64(field(10, UInt16.self)), bytes: UInt64(field(12, UInt32.self)),
      offset: UInt64(field(16, UInt32.self)), end: position
    )
    isExact = false
    var disks = UInt64(field(4, UInt16.self)) | UInt64(field(6, UInt16.self))
    if at >= ZipFormat.locatorBytes,
      tail[(at - ZipFormat.locatorBytes)...].integer(at: 0, as: UInt32.self) == ZipFormat.locatorSignature
    {
      let locator = tail[(at - ZipFormat.locatorBytes)...]
      let record = try Self.record64(locator, at: position - UInt64(ZipFormat.locatorBytes), source)
      let long = record.bytes[...]
      // Where the short record has a number and not "elsewhere", both must say the same: else two readers of one archive
      // could see different entries.
      for (short, most, offset) in [
        (found.entries, UInt64(ZipFormat.elsewhere16), 32), (found.bytes, UInt64(ZipFormat.elsewhere32), 40),
        (found.offset, UInt64(ZipFormat.elsewhere32), 48),
      ] where short != most && short != long.integer(at: offset, as: UInt64.self) {
        throw ZipError.damaged("the two end records contradict each other")
      }
      found = (
        long.integer(at: 32, as: UInt64.self), long.integer(at: 40, as: UInt64.self),
        long.integer(at: 48, as: UInt64.self), record.position
      )
      isExact = true
      disks = UInt64(long.integer(at: 16, as: UInt32.self)) | UInt64(long.integer(at: 20, as: UInt32.self))
    }
    guard disks == 0 else {
      throw ZipError(.unsupported, "the archive is one of several volumes", hint: "Join the volumes first.")
    }
    guard found.bytes <= found.end, found.offset <= found.end - found.bytes else {
      throw ZipError.damaged("the central directory is said to lie beyond the archive's end")
    }
    entries = found.entries
    directory = found.end - found.bytes..<found.end
    base = directory.lowerBound - found.offset
  }

  /// The ZIP64 end record: just before its locator, or where that one says.
  private static func record64<Source: RandomAccess & ~Copyable>(
    _ locator: ArraySlice<UInt8>, at position: UInt64, _ source: borrowing Source
  ) throws(ZipError) -> (bytes: [UInt8], position: UInt64) {
    let length = UInt64(ZipFormat.end64Bytes)
    guard position >= length else { throw ZipError.damaged("the ZIP64 end record is missing") }
    for place in [position - length, locator.integer(at: 8, as: UInt64.self)] where place <= position - length {
      let bytes = try source.bytes(at: place, count: ZipFormat.end64Bytes)
      let following = bytes[...].integer(at: 4, as: UInt64.self)
      if bytes[...].integer(at: 0, as: UInt32.self) == ZipFormat.end64Signature, following <= position,
        place + 12 + following == position
      {
        return (bytes, place)
      }
    }
    throw ZipError.damaged("the ZIP64 end record is missing")
  }

  private static var missing: ZipError {
    ZipError(
      .notAnArchive, "this is no ZIP archive, or its end is missing",
      hint: "See whether the file was copied completely.")
  }
}

extension RandomAccess where Self: ~Copyable {
  /// Exactly `count` bytes from `offset` on.
  borrowing func bytes(at offset: UInt64, count: Int) throws(ZipError) -> [UInt8] {
    var failure: SystemError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      let room = unsafe UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count)
      do throws(SystemError) { filled = unsafe try read(at: offset, into: room) } catch { failure = error }
    }
    if let failure { throw ZipError(failure) }
    guard bytes.count == count else { throw ZipError.damaged("the archive ends too early") }
    return bytes
  }
}
