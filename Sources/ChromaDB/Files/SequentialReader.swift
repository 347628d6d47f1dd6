import SystemIO

/// Reads a file from one place onwards through one buffer that is allocated once.
@safe struct SequentialReader: ~Copyable {
  private let file: any RandomAccessFile
  private var buffer: ByteBuffer
  /// Where in the buffer the next byte is.
  private var position = 0
  /// Where in the file the buffer's end is.
  private var fileOffset: UInt64

  /// - Parameter capacity: Bytes; the most that `require` may ask for.
  init(_ file: any RandomAccessFile, from offset: UInt64 = 0, capacity: Int = 1 << 20) {
    self.file = file
    buffer = ByteBuffer(capacity: capacity)
    fileOffset = offset
  }

  /// The offset in the file of the next byte.
  var offset: UInt64 { fileOffset - UInt64(buffer.count - position) }

  var capacity: Int { buffer.capacity }

  /// Makes the next `count` bytes available. Returns whether the file has that many.
  mutating func require(_ count: Int) throws -> Bool {
    if buffer.count - position >= count { return true }
    precondition(count <= buffer.capacity, "more than the reader's buffer holds")
    let rest = buffer.count - position
    let base = unsafe buffer.storage.baseAddress!
    unsafe base.copyMemory(from: base + position, byteCount: rest)
    position = 0
    buffer.count = rest
    let read = unsafe try file.read(into: buffer.free, at: fileOffset)
    buffer.count += read
    fileOffset += UInt64(read)
    return buffer.count >= count
  }

  /// Leaves `count` bytes behind that `require` made available.
  mutating func skip(_ count: Int) { position += count }

  /// The next byte that `require` made available, for loads of little-endian integers.
  var pointer: UnsafeRawPointer { unsafe UnsafeRawPointer(buffer.storage.baseAddress! + position) }

  /// Takes a little-endian integer that `require` made available.
  mutating func take<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type) -> Value {
    let value = unsafe Value(littleEndian: pointer.loadUnaligned(as: type))
    position += MemoryLayout<Value>.size
    return value
  }
}
