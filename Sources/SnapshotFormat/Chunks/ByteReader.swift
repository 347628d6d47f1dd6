/// Reads little-endian fields from bytes, and says so where they end too soon.
package struct ByteReader: ~Escapable {
  private let bytes: RawSpan
  /// What is being read, for messages.
  private let subject: StaticString
  package private(set) var offset = 0

  @_lifetime(copy bytes)
  package init(_ bytes: RawSpan, subject: StaticString) {
    self.bytes = bytes
    self.subject = subject
  }

  package var remaining: Int { bytes.byteCount - offset }

  package mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type = Value.self
  ) throws(FormatError) -> Value {
    try need(MemoryLayout<Value>.size)
    defer { offset += MemoryLayout<Value>.size }
    return Value(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self))
  }

  package mutating func bytes(_ count: Int) throws(FormatError) -> [UInt8] {
    try need(count)
    defer { offset += count }
    return unsafe bytes.extracting(offset..<offset + count).withUnsafeBytes { unsafe [UInt8]($0) }
  }

  package mutating func id() throws(FormatError) -> ChunkID {
    try need(32)
    defer { offset += 32 }
    func word(_ i: Int) -> UInt64 {
      UInt64(bigEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset + 8 * i, as: UInt64.self))
    }
    return ChunkID(words: (word(0), word(1), word(2), word(3)))
  }

  package mutating func expect(magic: StaticString) throws(FormatError) {
    let found = try bytes(magic.utf8CodeUnitCount)
    guard found == Array("\(magic)".utf8) else { throw FormatError(.notThisFormat, "this is not a \(subject)") }
  }

  package mutating func expectEnd() throws(FormatError) {
    guard remaining == 0 else { throw FormatError(.inconsistent, "a \(subject) has \(remaining) bytes too many") }
  }

  private func need(_ count: Int) throws(FormatError) {
    guard count >= 0, count <= remaining else { throw FormatError(.truncated, "a \(subject) ends too soon") }
  }
}

/// Writes little-endian fields.
package struct ByteWriter {
  package var bytes: [UInt8] = []

  package init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  package mutating func append(_ value: UInt8) { bytes.append(value) }
  package mutating func append(_ value: UInt16) { append(integer: value) }
  package mutating func append(_ value: UInt32) { append(integer: value) }
  package mutating func append(_ value: UInt64) { append(integer: value) }
  package mutating func append(_ value: Int64) { append(integer: value) }

  private mutating func append(integer value: some FixedWidthInteger) {
    unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
  }

  package mutating func append(_ id: ChunkID) {
    append(id.words.0.byteSwapped)
    append(id.words.1.byteSwapped)
    append(id.words.2.byteSwapped)
    append(id.words.3.byteSwapped)
  }

  package mutating func append(_ more: [UInt8]) { bytes += more }

  package mutating func append(magic: StaticString) { bytes += Array("\(magic)".utf8) }
}
