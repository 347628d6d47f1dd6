import CZlib
import SystemIO

/// Deflates blocks, each on its own, so that they joined are one valid stream (RFC 1951). One per worker.
///
/// The way of M. Adler's pigz: a block starts from the 32 KiB before it as a dictionary, and every block but the last ends
/// on a byte boundary by an empty stored block (`Z_SYNC_FLUSH`). Against one long stream this costs some 0.1 % of size.
///
/// What a block holds decides how it is coded (`BlockShape`); where coding does not make it smaller it is kept in stored
/// blocks of deflate, at 5 bytes per 65,535.
@safe struct BlockCompressor: ~Copyable {
  /// On the heap: zlib keeps a pointer back to it.
  private let stream: UnsafeMutablePointer<z_stream>
  private let level: CInt
  /// What a whole block of zeros after a window of zeros came to, once there was one: sparse files have thousands.
  private var zeros: ByteBuffer?
  /// Takes what trials make.
  private let scratch = ByteBuffer(capacity: 2 * BlockShape.pieceBytes)

  /// Bytes of a block. A constant of the writer: the same content makes the same archive, whoever works.
  static let blockBytes = 128 << 10
  /// How far back a match may reach (RFC 1951 section 2).
  static let windowBytes = 32 << 10

  /// - Parameter level: 1 to 9.
  init(level: Int) {
    self.level = CInt(level)
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    let code = unsafe deflateInit2_(
      stream, self.level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, zlibVersion(), CInt(MemoryLayout<z_stream>.size))
    precondition(code == Z_OK, "zlib could not make a compression context: out of memory, or another version of zlib")
  }

  deinit {
    unsafe deflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// The most bytes that a block of `count` bytes takes: as stored blocks.
  static func bound(_ count: Int) -> Int { count + 5 * max(1, (count + 65_534) / 65_535) }

  /// Compresses one block.
  /// - Parameters:
  ///   - dictionary: What stands before it in the same entry, up to `windowBytes`.
  ///   - isFinal: Whether it ends the stream.
  ///   - output: Of `bound(input.count)` bytes.
  /// - Returns: How many bytes of `output` are filled.
  mutating func compress(
    _ input: UnsafeRawBufferPointer, after dictionary: UnsafeRawBufferPointer, isFinal: Bool,
    into output: UnsafeMutableRawBufferPointer
  ) -> Int {
    guard
      unsafe !isFinal && input.count == Self.blockBytes && dictionary.count == Self.windowBytes && input.bytes.isZero
        && dictionary.bytes.isZero
    else { return unsafe code(input, after: dictionary, isFinal: isFinal, into: output) }
    if zeros == nil {
      var buffer = ByteBuffer(capacity: Self.bound(Self.blockBytes))
      buffer.count = unsafe code(input, after: dictionary, isFinal: false, into: buffer.storage)
      zeros = consume buffer
    }
    guard let zeros = unsafe zeros?.pointer else { return 0 }
    unsafe output.copyMemory(from: zeros)
    return zeros.count
  }

  /// Codes a block as what it is like.
  private func code(
    _ input: UnsafeRawBufferPointer, after dictionary: UnsafeRawBufferPointer, isFinal: Bool,
    into output: UnsafeMutableRawBufferPointer
  ) -> Int {
    let flush = isFinal ? Z_FINISH : Z_SYNC_FLUSH
    let coded: Int? =
      switch unsafe BlockShape(of: input, trial: { piece, shape in unsafe trial(piece, shape) }) {
      case .repetitive: unsafe deflate(input, after: dictionary, level, Z_DEFAULT_STRATEGY, flush, into: output)
      case .skewed: unsafe deflate(input, after: dictionary, level, Z_HUFFMAN_ONLY, flush, into: output)
      case .random: nil
      }
    return unsafe coded ?? Self.store(input, isFinal: isFinal, into: output)
  }

  /// The size that a piece of a block comes to when coded as that shape.
  private func trial(_ piece: UnsafeRawBufferPointer, _ shape: BlockShape) -> Int {
    let empty = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    let coded: Int? =
      switch shape {
      case .repetitive: unsafe deflate(piece, after: empty, 1, Z_DEFAULT_STRATEGY, Z_FINISH, into: scratch.storage)
      case .skewed: unsafe deflate(piece, after: empty, level, Z_HUFFMAN_ONLY, Z_FINISH, into: scratch.storage)
      case .random: nil
      }
    return coded ?? piece.count
  }

  /// - Returns: The bytes filled, or `nil` where they did not suffice.
  private func deflate(
    _ input: UnsafeRawBufferPointer, after dictionary: UnsafeRawBufferPointer, _ level: CInt, _ strategy: CInt,
    _ flush: CInt, into output: UnsafeMutableRawBufferPointer
  ) -> Int? {
    unsafe deflateReset(stream)
    unsafe deflateParams(stream, level, strategy)
    if strategy != Z_HUFFMAN_ONLY, dictionary.count > 0 {
      unsafe deflateSetDictionary(stream, dictionary.bindMemory(to: UInt8.self).baseAddress, uInt(dictionary.count))
    }
    unsafe stream.pointee.next_in = UnsafeMutablePointer(
      mutating: input.bindMemory(to: UInt8.self).baseAddress)
    unsafe stream.pointee.avail_in = uInt(input.count)
    unsafe stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
    unsafe stream.pointee.avail_out = uInt(output.count)
    let code = unsafe CZlib.deflate(stream, flush)
    let left = unsafe Int(stream.pointee.avail_out)
    // A flush that fills the room to the last byte may not be complete.
    return code == Z_STREAM_END || (code == Z_OK && flush != Z_FINISH && left > 0) ? output.count - left : nil
  }

  /// Stored blocks (RFC 1951 section 3.2.4): a byte that says whether it is the last, length, its complement, the bytes.
  private static func store(
    _ input: UnsafeRawBufferPointer, isFinal: Bool, into output: UnsafeMutableRawBufferPointer
  ) -> Int {
    var (from, to) = (0, 0)
    repeat {
      let count = min(input.count - from, 65_535)
      unsafe output[to] = isFinal && from + count == input.count ? 1 : 0
      unsafe output.storeBytes(of: UInt16(count).littleEndian, toByteOffset: to + 1, as: UInt16.self)
      unsafe output.storeBytes(of: (~UInt16(count)).littleEndian, toByteOffset: to + 3, as: UInt16.self)
      unsafe UnsafeMutableRawBufferPointer(rebasing: output[(to + 5)...])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: input[from..<from + count]))
      from += count
      to += 5 + count
    } while from < input.count
    return to
  }
}
