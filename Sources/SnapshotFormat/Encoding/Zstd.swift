import CZstd
import SystemIO

/// One zstd compression context (RFC 8878), used again and again by one worker.
@safe struct ZstdCompressor: ~Copyable {
  private let context: OpaquePointer

  init() { unsafe context = ZSTD_createCCtx()! }

  deinit { unsafe _ = ZSTD_freeCCtx(context) }

  enum Literals { case automatic, forced }

  /// Appends one frame of `source` to `output`, without a checksum: the chunk's id is one.
  /// - Returns: The frame's length, or `nil` where it does not fit the output's free memory or `limit`.
  mutating func compress(
    _ source: RawSpan, level: Int, literals: Literals = .automatic, limit: Int = .max, into output: inout ByteBuffer
  ) -> Int? {
    compress(source, prefix: RawSpan(), level: level, literals: literals, limit: limit, into: &output)
  }

  /// The same for the bytes of a buffer.
  mutating func compress(
    _ source: borrowing ByteBuffer, level: Int, literals: Literals = .automatic, limit: Int = .max,
    into output: inout ByteBuffer
  ) -> Int? {
    compress(source.bytes, prefix: RawSpan(), level: level, literals: literals, limit: limit, into: &output)
  }

  /// The same with a prefix: bytes that the decoder will have too.
  mutating func compress(
    _ source: borrowing PrefixedBuffer, level: Int, limit: Int, into output: inout ByteBuffer
  ) -> Int? {
    unsafe compress(
      source.pointer.bytes, prefix: source.prefix.bytes, level: level, literals: .automatic, limit: limit, into: &output
    )
  }

  private mutating func compress(
    _ source: RawSpan, prefix: RawSpan, level: Int, literals: Literals, limit: Int, into output: inout ByteBuffer
  ) -> Int? {
    unsafe _ = ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters)
    unsafe _ = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, CInt(level))
    if level == 1, prefix.byteCount == 0, source.byteCount >= 128 << 10 {
      // A small table stays in the first cache, and short matches cost more time than they save bytes: on texts a
      // quarter faster than zstd's own choice, and a sixteenth longer.
      unsafe _ = ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, 12)
      unsafe _ = ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, 7)
    }
    if literals == .forced {
      // ZSTD_c_literalCompressionMode, by the name that its macro stands for.
      let code = unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_experimentalParam5, CInt(ZSTD_ps_enable.rawValue))
      if ZSTD_isError(code) != 0 { return nil }
    }
    let written = unsafe source.withUnsafeBytes { bytes in
      unsafe prefix.withUnsafeBytes { old in
        if old.count > 0 {
          // The window must reach back over the whole prefix.
          let window = max(17, Int.bitWidth - (bytes.count + old.count).leadingZeroBitCount)
          unsafe _ = ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, CInt(window))
          unsafe _ = ZSTD_CCtx_refPrefix(context, old.baseAddress, old.count)
        }
        let free = unsafe output.free
        return unsafe ZSTD_compress2(context, free.baseAddress, min(free.count, limit), bytes.baseAddress, bytes.count)
      }
    }
    guard ZSTD_isError(written) == 0 else { return nil }
    output.count += written
    return written
  }
}

/// One zstd decompression context.
@safe struct ZstdDecompressor: ~Copyable {
  private let context: OpaquePointer

  init() { unsafe context = ZSTD_createDCtx()! }

  deinit { unsafe _ = ZSTD_freeDCtx(context) }

  /// Appends the plaintext of one frame to `output`.
  /// - Parameter length: What the plaintext's length must be; nothing longer is ever written.
  mutating func decompress(
    _ frame: RawSpan, length: Int, into output: inout ByteBuffer
  ) throws(FormatError) {
    unsafe try decompress(frame, after: UnsafeRawBufferPointer(start: nil, count: 0), length: length, to: output.free)
    output.count += length
  }

  /// Puts the plaintext of one frame, which was made with the buffer's prefix, where the buffer's bytes are.
  mutating func decompress(
    _ frame: RawSpan, length: Int, into output: inout PrefixedBuffer
  ) throws(FormatError) {
    unsafe try decompress(frame, after: output.prefix, length: length, to: output.storage)
    output.count = length
  }

  private mutating func decompress(
    _ frame: RawSpan, after prefix: UnsafeRawBufferPointer, length: Int, to room: UnsafeMutableRawBufferPointer
  ) throws(FormatError) {
    guard length <= room.count else {
      throw FormatError(.inconsistent, "a frame promises \(length) bytes, which is too long")
    }
    unsafe _ = ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters)
    if prefix.count > 0 { unsafe _ = ZSTD_DCtx_refPrefix(context, prefix.baseAddress, prefix.count) }
    let written = unsafe frame.withUnsafeBytes { bytes in
      unsafe ZSTD_decompressDCtx(context, room.baseAddress, length, bytes.baseAddress, bytes.count)
    }
    guard ZSTD_isError(written) == 0 else { throw FormatError(.inconsistent, "a zstd frame is damaged") }
    guard written == length else {
      throw FormatError(.inconsistent, "a zstd frame holds \(written) bytes instead of \(length)")
    }
  }
}
