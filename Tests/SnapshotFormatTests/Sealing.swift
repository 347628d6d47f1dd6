import SnapshotFormat
import SystemIO

/// A chunk's stored form as values, so that a test can look at it and change it.
struct Sealed: Equatable {
  var encoding: Encoding
  var bytes: [UInt8]
}

/// A sealer as a class: a macro's expression may copy what it looks at, and a sealer can't be copied.
final class TestSealer {
  private var sealer: Sealer

  init(level: Int = 1) { sealer = Sealer(level: level) }

  func sealed(_ chunk: [UInt8], at offset: UInt64 = 0) -> Sealed {
    var output = ByteBuffer(capacity: Limits.storedChunkBytes)
    let encoding = sealer.seal(chunk.rawSpan, at: offset, into: &output)
    return Sealed(encoding: encoding, bytes: unsafe [UInt8](output.pointer))
  }

  func opened(
    _ stored: Sealed, length: Int, capacity: Int = Limits.chunkBytes
  ) throws(FormatError) -> [UInt8] {
    var output = ByteBuffer(capacity: capacity)
    try sealer.open(stored.bytes.rawSpan, stored.encoding, length: length, into: &output)
    return unsafe [UInt8](output.pointer)
  }

  /// `nil` where a patch is not worth it.
  func patched(
    _ chunk: [UInt8], base: [UInt8], dirty: DirtyBlocks? = nil, limit: Int = Limits.storedChunkBytes
  ) -> [UInt8]? {
    var output = ByteBuffer(capacity: Limits.storedChunkBytes)
    guard sealer.sealPatch(chunk.rawSpan, base: base.rawSpan, dirty: dirty, limit: limit, into: &output) else {
      return nil
    }
    return unsafe [UInt8](output.pointer)
  }

  /// The same without the base.
  func patched(_ chunk: [UInt8], dirty: DirtyBlocks) -> [UInt8]? {
    var output = ByteBuffer(capacity: Limits.storedChunkBytes)
    guard sealer.sealPatch(chunk.rawSpan, dirty: dirty, limit: Limits.storedChunkBytes, into: &output) else {
      return nil
    }
    return unsafe [UInt8](output.pointer)
  }

  func applied(
    _ patch: [UInt8], to base: [UInt8], length: Int, capacity: Int = Limits.chunkBytes
  ) throws(FormatError) -> [UInt8] {
    var chunk = ByteBuffer(capacity: capacity)
    chunk.append(base.rawSpan)
    try sealer.applyPatch(patch.rawSpan, length: length, to: &chunk)
    return unsafe [UInt8](chunk.pointer)
  }

  func sealTable(_ table: [UInt8]) -> [UInt8] { sealer.sealTable(table) }

  func openTable(_ stored: [UInt8], length: Int) throws(FormatError) -> [UInt8] {
    try sealer.openTable(stored.rawSpan, length: length)
  }
}

/// A zstd frame of raw blocks (RFC 8878, 3.1.1), made by hand: any bytes at all, no prefix.
func rawFrame(_ bytes: [UInt8]) -> [UInt8] {
  var writer = ByteWriter()
  writer.append(UInt32(0xFD2F_B528))
  writer.append(UInt8(0xA0))
  writer.append(UInt32(bytes.count))
  var start = 0
  repeat {
    let count = min(100_000, bytes.count - start)
    let head = UInt32(count) << 3 | (start + count == bytes.count ? 1 : 0)
    writer.append(UInt8(truncatingIfNeeded: head))
    writer.append(UInt16(truncatingIfNeeded: head >> 8))
    writer.append(Array(bytes[start..<start + count]))
    start += count
  } while start < bytes.count
  return writer.bytes
}
