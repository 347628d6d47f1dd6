import CZlib

/// A raw deflate stream being unpacked (RFC 1951), by zlib: some 40 KiB, used again for stream after stream.
@safe struct Inflater: ~Copyable {
  /// On the heap: zlib keeps a pointer back to it.
  private let stream: UnsafeMutablePointer<z_stream>

  /// What a step came to.
  struct Step {
    var consumed: Int
    var produced: Int
    var isEnd: Bool
  }

  init() {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    let code = unsafe inflateInit2_(stream, -15, zlibVersion(), CInt(MemoryLayout<z_stream>.size))
    precondition(code == Z_OK, "zlib could not make a decompression context: out of memory, or another version of zlib")
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Begins a new stream.
  func reset() { unsafe _ = inflateReset(stream) }

  /// Unpacks as much as fits.
  /// - Returns: `nil` where the bytes are no deflate stream.
  func step(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Step? {
    let most = 1 << 30
    unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
    unsafe stream.pointee.avail_in = uInt(min(input.count, most))
    unsafe stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
    unsafe stream.pointee.avail_out = uInt(min(output.count, most))
    let code = unsafe inflate(stream, Z_NO_FLUSH)
    guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else { return nil }
    return unsafe Step(
      consumed: min(input.count, most) - Int(stream.pointee.avail_in),
      produced: min(output.count, most) - Int(stream.pointee.avail_out), isEnd: code == Z_STREAM_END)
  }
}
