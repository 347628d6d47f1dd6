import SystemIO

/// Memory for the bytes of a frame and, right before them, its prefix: where the two follow each other, zstd takes them for
/// one run of bytes, which is faster than going back and forth between two.
@safe struct PrefixedBuffer: ~Copyable {
  private let memory: ByteBuffer
  /// Where the prefix ends and the bytes begin.
  private let middle: Int
  private var prefixCount = 0
  var count = 0

  /// - Parameter capacity: Of either.
  init(capacity: Int) {
    memory = ByteBuffer(capacity: 2 * capacity)
    middle = capacity
  }

  var prefix: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: memory.storage[(middle - prefixCount)..<middle])
  }

  /// The bytes, for a C function.
  var pointer: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: memory.storage[middle..<middle + count])
  }

  /// Where the bytes are, to be filled; set `count` afterwards.
  var storage: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(rebasing: memory.storage[middle...])
  }

  /// Forgets the prefix and the bytes.
  mutating func clear() { (prefixCount, count) = (0, 0) }

  /// Makes parts of `source` the prefix, one after the other.
  mutating func setPrefix(_ ranges: [Range<Int>], of source: RawSpan) {
    prefixCount = ranges.reduce(0) { $0 + $1.count }
    unsafe gather(ranges, of: source, at: memory.storage.baseAddress! + (middle - prefixCount))
  }

  /// Makes parts of `source` the bytes, one after the other.
  mutating func setBytes(_ ranges: [Range<Int>], of source: RawSpan) {
    count = ranges.reduce(0) { $0 + $1.count }
    unsafe gather(ranges, of: source, at: storage.baseAddress!)
  }

  private func gather(_ ranges: [Range<Int>], of source: RawSpan, at target: UnsafeMutableRawPointer) {
    unsafe source.withUnsafeBytes { source in
      var target = unsafe target
      for range in ranges where !range.isEmpty {
        unsafe target.copyMemory(from: source.baseAddress! + range.lowerBound, byteCount: range.count)
        unsafe target += range.count
      }
    }
  }

  /// Whether the bytes are these parts of `source`.
  func holds(_ ranges: [Range<Int>], of source: RawSpan) -> Bool {
    var at = 0
    for range in ranges {
      guard at + range.count <= count else { return false }
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: pointer[at..<at + range.count]).bytes
      guard equal(bytes, source.extracting(range)) else { return false }
      at += range.count
    }
    return at == count
  }

  /// Writes the bytes to parts of `target`, which together are as long.
  func copyBytes(to ranges: [Range<Int>], in target: UnsafeMutableRawBufferPointer) {
    var at = 0
    for range in ranges where !range.isEmpty {
      unsafe (target.baseAddress! + range.lowerBound).copyMemory(
        from: pointer.baseAddress! + at, byteCount: range.count)
      at += range.count
    }
  }
}
