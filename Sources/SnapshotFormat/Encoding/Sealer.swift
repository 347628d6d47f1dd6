import CKernels
package import SystemIO

/// Turns plaintext into stored bytes and back: the one place for filters and compression, and for the encryption to come.
///
/// Everything that a repository stores goes through here: chunks (this file and `Sealer+Patch`), packs' tables and
/// documents. An encrypted repository will add its AEAD behind `store` and before `open`, and nothing else will know.
/// One worker owns one sealer; it holds compression contexts and scratch memory that are made once.
package struct Sealer: ~Copyable {
  var compressor = ZstdCompressor()
  var decompressor = ZstdDecompressor()
  var scratch = ByteBuffer(capacity: Limits.storedChunkBytes)
  /// The dirty blocks of a patch, after those of its base.
  var dirtyBytes = PrefixedBuffer(capacity: Limits.chunkBytes)
  /// zstd's level for whole chunks.
  let level: Int

  package init(level: Int = 1) { self.level = level }

  // MARK: Whole chunks

  /// Appends the stored form of a chunk to `output`.
  /// - Parameters:
  ///   - offset: Where in its file the chunk begins: tells where 32-bit words begin in it.
  ///   - output: With at least `Limits.storedChunkBytes` free.
  package mutating func seal(_ chunk: RawSpan, at offset: UInt64, into output: inout ByteBuffer) -> Encoding {
    let phase = min(chunk.byteCount, Int((4 - offset % 4) % 4))
    // Where the gain is less than 1 in 64, reading it back raw is worth more.
    let worthwhile = chunk.byteCount - chunk.byteCount / 64
    let start = output.count
    var choice = EncodingProbe.choose(chunk, phase: phase)
    if choice == .exponents {
      if sealExponents(chunk, phase: phase, limit: worthwhile, into: &output) {
        return Encoding(.exponents, phase: UInt8(phase))
      }
      output.count = start
      choice = .planes
    }
    if choice == .planes {
      scratch.count = 0
      splitPlanes(chunk, phase: phase)
      if compressor.compress(scratch, level: level, limit: worthwhile, into: &output) != nil {
        return Encoding(.planes, phase: UInt8(phase))
      }
      output.count = start
      choice = .raw
    }
    if choice == .zstd,
      compressor.compress(chunk, level: level, limit: worthwhile, into: &output) != nil
    {
      return Encoding(.zstd)
    }
    output.count = start
    output.append(chunk)
    return Encoding(.raw)
  }

  /// Appends the plaintext of a chunk that is stored whole to `output`. It is not compared with its id here.
  package mutating func open(
    _ stored: RawSpan, _ encoding: Encoding, length: Int, into output: inout ByteBuffer
  ) throws(FormatError) {
    guard length >= 0, length <= output.capacity - output.count else {
      throw FormatError(.inconsistent, "a chunk promises \(length) bytes, which is too long")
    }
    switch encoding.codec {
    case .raw:
      guard stored.byteCount == length else {
        throw FormatError(.inconsistent, "a raw chunk is \(stored.byteCount) bytes long instead of \(length)")
      }
      output.append(stored)
    case .zstd:
      try decompressor.decompress(stored, length: length, into: &output)
    case .planes:
      scratch.count = 0
      try decompressor.decompress(stored, length: length, into: &scratch)
      try joinPlanes(phase: Int(encoding.phase), length: length, into: &output)
    case .exponents:
      try openExponents(stored, phase: Int(encoding.phase), length: length, into: &output)
    case .patch:
      throw FormatError(.inconsistent, "a patch cannot be read without its base")
    }
  }

  // MARK: Tables and documents

  /// The stored form of a pack's table of contents: a zstd frame.
  package mutating func sealTable(_ table: [UInt8]) -> [UInt8] {
    var output = ByteBuffer(capacity: table.count + table.count / 128 + 1024)
    _ = compressor.compress(table.rawSpan, level: 3, into: &output)
    return unsafe [UInt8](output.pointer)
  }

  package mutating func openTable(_ stored: RawSpan, length: Int) throws(FormatError) -> [UInt8] {
    guard length <= Limits.tableBytes else {
      throw FormatError(.inconsistent, "a pack's table of \(length) bytes is past the limit")
    }
    var output = ByteBuffer(capacity: length)
    try decompressor.decompress(stored, length: length, into: &output)
    return unsafe [UInt8](output.pointer)
  }

  /// The stored form of a manifest, a note or a config. Version 1 stores JSON as it is.
  package static func sealDocument(_ document: [UInt8]) -> [UInt8] { document }

  package static func openDocument(_ stored: [UInt8]) throws(FormatError) -> [UInt8] { stored }

  /// The checksum of stored bytes: CRC-32 (ISO-HDLC, the one of zlib). It finds bit rot without decoding; the id proves
  /// the plaintext.
  package static func checksum(_ stored: RawSpan) -> UInt32 {
    unsafe stored.withUnsafeBytes { unsafe Checksum.crc32($0) }
  }
}

// MARK: - Byte planes

extension Sealer {
  /// Fills `scratch` with planes ‖ head ‖ tail.
  private mutating func splitPlanes(_ chunk: RawSpan, phase: Int) {
    let words = (chunk.byteCount - phase) / 4
    unsafe chunk.withUnsafeBytes { bytes in
      unsafe ckernels_split_planes(
        bytes.baseAddress!.advanced(by: phase).assumingMemoryBound(to: UInt8.self), words,
        scratch.free.baseAddress!.assumingMemoryBound(to: UInt8.self))
    }
    scratch.count = 4 * words
    scratch.append(chunk.extracting(first: phase))
    scratch.append(chunk.extracting((phase + 4 * words)...))
  }

  private mutating func joinPlanes(phase: Int, length: Int, into output: inout ByteBuffer) throws(FormatError) {
    guard phase <= 3, phase <= length, output.capacity - output.count >= length else {
      throw FormatError(.inconsistent, "a chunk's byte planes make no sense")
    }
    let words = (length - phase) / 4
    let planes = scratch.bytes
    output.append(planes.extracting(4 * words..<4 * words + phase))
    unsafe planes.withUnsafeBytes { bytes in
      unsafe ckernels_join_planes(
        bytes.baseAddress!.assumingMemoryBound(to: UInt8.self), words,
        output.free.baseAddress!.assumingMemoryBound(to: UInt8.self))
    }
    output.count += 4 * words
    output.append(planes.extracting((4 * words + phase)...))
  }
}

// MARK: - Exponent plane

extension Sealer {
  /// Appends u32 frame length ‖ frame of the exponents ‖ the other three bytes of each word ‖ head ‖ tail.
  private mutating func sealExponents(
    _ chunk: RawSpan, phase: Int, limit: Int, into output: inout ByteBuffer
  ) -> Bool {
    let words = (chunk.byteCount - phase) / 4
    unsafe chunk.withUnsafeBytes { bytes in
      unsafe ckernels_take_exponents(
        bytes.baseAddress!.advanced(by: phase).assumingMemoryBound(to: UInt8.self), words,
        scratch.storage.baseAddress!.assumingMemoryBound(to: UInt8.self))
    }
    scratch.count = words
    let lengthAt = output.count
    output.append(UInt32(0))
    // Entropy coding alone: a match search finds nothing in exponents, and a very negative level skips it.
    let room = limit - 4 - (chunk.byteCount - words)
    guard room > 0,
      let frame = compressor.compress(
        scratch, level: -20_000, literals: .forced, limit: room, into: &output)
    else { return false }
    unsafe output.storage.storeBytes(of: UInt32(frame).littleEndian, toByteOffset: lengthAt, as: UInt32.self)
    unsafe chunk.withUnsafeBytes { bytes in
      unsafe ckernels_take_rest(
        bytes.baseAddress!.advanced(by: phase).assumingMemoryBound(to: UInt8.self), words,
        output.free.baseAddress!.assumingMemoryBound(to: UInt8.self))
    }
    output.count += 3 * words
    output.append(chunk.extracting(first: phase))
    output.append(chunk.extracting((phase + 4 * words)...))
    return true
  }

  private mutating func openExponents(
    _ stored: RawSpan, phase: Int, length: Int, into output: inout ByteBuffer
  ) throws(FormatError) {
    var reader = ByteReader(stored, subject: "chunk of exponents")
    let frame = Int(try reader.integer(UInt32.self))
    let words = (length - phase) / 4
    guard phase <= 3, phase <= length, output.capacity - output.count >= length,
      4 + frame + length - words == stored.byteCount
    else { throw FormatError(.inconsistent, "the lengths in a chunk of exponents make no sense") }
    scratch.count = 0
    try decompressor.decompress(stored.extracting(4..<4 + frame), length: words, into: &scratch)
    let rest = stored.extracting((4 + frame)...)
    output.append(rest.extracting(3 * words..<3 * words + phase))
    unsafe rest.withUnsafeBytes { rest in
      unsafe ckernels_join_exponents(
        scratch.pointer.baseAddress!.assumingMemoryBound(to: UInt8.self),
        rest.baseAddress!.assumingMemoryBound(to: UInt8.self), words,
        output.free.baseAddress!.assumingMemoryBound(to: UInt8.self))
    }
    output.count += 4 * words
    output.append(rest.extracting((3 * words + phase)...))
  }
}
