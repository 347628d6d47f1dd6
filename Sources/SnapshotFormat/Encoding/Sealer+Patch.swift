package import SystemIO

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A patch: the difference of a chunk to its base, in blocks of 512 bytes.
///
/// Stored bytes, little-endian:
/// ```
/// u8  flags           bit 0: the frame's prefix is the base's bytes at the dirty blocks; bit 1: dirty blocks as a bitmap
/// u16 size            bytes of what follows
/// ... dirty blocks    a bitmap, bit i % 8 of byte i / 8 for block i; else runs: varint clean blocks, varint dirty blocks
/// ... frame           zstd: the new bytes of the dirty blocks, one after the other
/// ```
/// The result is as long as the table of contents says: the base's bytes, cut or extended, with the dirty blocks
/// replaced. A block that the base does not wholly cover is always dirty.
enum Patch {
  /// Small enough for the neighbour links that an insert scatters over an HNSW index; a page of SQLite is eight of them.
  static let blockBytes = 512
  static let maximumBlocks = Limits.chunkBytes / blockBytes

  struct Flags: OptionSet {
    let rawValue: UInt8
    static let prefixed = Flags(rawValue: 1)
    static let bitmap = Flags(rawValue: 2)
  }

  /// Runs of dirty blocks, as ranges of block numbers.
  typealias Runs = [Range<Int>]

  /// Where `new` differs from `base`. One pass at memcmp's speed.
  static func compare(_ new: RawSpan, base: RawSpan) -> Runs {
    var runs: Runs = []
    unsafe new.withUnsafeBytes { a in
      unsafe base.withUnsafeBytes { b in
        let blocks = (a.count + blockBytes - 1) / blockBytes
        var start: Int?
        for block in 0..<blocks {
          let from = block * blockBytes
          let count = min(blockBytes, a.count - from)
          let same =
            unsafe from + count <= b.count
            && memcmp(a.baseAddress! + from, b.baseAddress! + from, count) == 0
          if same, let first = start {
            runs.append(first..<block)
            start = nil
          } else if !same, start == nil {
            start = block
          }
        }
        if let first = start { runs.append(first..<blocks) }
      }
    }
    return runs
  }

  /// The dirty blocks as bytes, in whichever form is shorter.
  static func encode(_ runs: Runs, blocks: Int) -> (Flags, [UInt8]) {
    var list: [UInt8] = []
    func append(_ value: Int) {
      var rest = value
      while rest >= 128 {
        list.append(UInt8(rest & 127) | 128)
        rest >>= 7
      }
      list.append(UInt8(rest))
    }
    var last = 0
    for run in runs {
      append(run.lowerBound - last)
      append(run.count)
      last = run.upperBound
    }
    if list.count <= (blocks + 7) / 8 { return ([], list) }
    var bitmap = [UInt8](repeating: 0, count: (blocks + 7) / 8)
    for block in runs.joined() { bitmap[block / 8] |= 1 << UInt8(block % 8) }
    return (.bitmap, bitmap)
  }

  /// The dirty blocks of a chunk of `blocks` blocks: ascending, not empty, within the chunk.
  static func decode(_ bytes: [UInt8], _ flags: Flags, blocks: Int) throws(FormatError) -> Runs {
    let nonsense = FormatError(.inconsistent, "a patch's dirty blocks make no sense")
    var runs: Runs = []
    if flags.contains(.bitmap) {
      guard bytes.count == (blocks + 7) / 8 else { throw nonsense }
      for block in 0..<bytes.count * 8 where bytes[block / 8] >> UInt8(block % 8) & 1 == 1 {
        guard block < blocks else { throw nonsense }
        if let last = runs.last, last.upperBound == block {
          runs[runs.count - 1] = last.lowerBound..<block + 1
        } else {
          runs.append(block..<block + 1)
        }
      }
      return runs
    }
    var i = 0
    func varint() throws(FormatError) -> Int {
      var value = 0
      for shift in stride(from: 0, through: 14, by: 7) {
        guard i < bytes.count else { throw nonsense }
        let byte = bytes[i]
        i += 1
        value |= Int(byte & 127) << shift
        if byte < 128 { return value }
      }
      throw nonsense
    }
    var last = 0
    while i < bytes.count {
      let start = last + (try varint())
      let count = try varint()
      guard count > 0, start + count <= blocks else { throw nonsense }
      runs.append(start..<start + count)
      last = start + count
    }
    return runs
  }

  /// The bytes of a run of blocks in a chunk of `length` bytes.
  static func byteRange(_ run: Range<Int>, length: Int) -> Range<Int> {
    min(run.lowerBound * blockBytes, length)..<min(run.upperBound * blockBytes, length)
  }
}

extension Sealer {
  /// Appends a patch that makes `chunk` from `base` to `output`, where that is clearly smaller than the chunk's own
  /// stored form is likely to be. It has then been applied once, and the outcome was right.
  /// - Parameter limit: The longest patch that is still worth it, in bytes.
  /// - Returns: Whether a patch was appended.
  package mutating func sealPatch(
    _ chunk: RawSpan, base: RawSpan, limit: Int, into output: inout ByteBuffer
  ) -> Bool {
    let runs = Patch.compare(chunk, base: base)
    let start = output.count
    gather(runs, from: chunk, length: chunk.byteCount, into: &newBytes)
    gather(runs, from: base, length: base.byteCount, into: &oldBytes)
    let blocks = (chunk.byteCount + Patch.blockBytes - 1) / Patch.blockBytes
    let (form, dirty) = Patch.encode(runs, blocks: blocks)
    guard dirty.count + 3 < limit else { return false }
    output.append(form.union(.prefixed).rawValue)
    output.append(UInt16(dirty.count))
    output.append(dirty.rawSpan)
    let frameAt = output.count
    // Patches are small: a level that searches better costs little time.
    guard
      let frame = compressor.compress(
        newBytes, prefix: oldBytes, level: max(level, 3), limit: limit - (frameAt - start), into: &output)
    else {
      output.count = start
      return false
    }
    // A patch that cannot be applied would cost a chunk: apply it now, while the chunk is at hand.
    scratch.count = 0
    let applied: Void? = try? decompressor.decompress(
      output.bytes.extracting(frameAt..<frameAt + frame), prefix: oldBytes, length: newBytes.count, into: &scratch)
    guard applied != nil, equal(scratch.bytes, newBytes.bytes) else {
      output.count = start
      return false
    }
    return true
  }

  /// Applies a patch to `chunk`, which holds its base and nothing else.
  /// - Parameter length: The result's length.
  package mutating func applyPatch(
    _ stored: RawSpan, length: Int, to chunk: inout ByteBuffer
  ) throws(FormatError) {
    var reader = ByteReader(stored, subject: "patch")
    let flags = Patch.Flags(rawValue: try reader.integer())
    guard flags.subtracting([.prefixed, .bitmap]).isEmpty else {
      throw FormatError(.unsupported, "a patch of a kind that this program does not know")
    }
    guard length >= 0, max(length, chunk.count) <= Limits.chunkBytes, length <= chunk.capacity else {
      throw FormatError(.inconsistent, "a patch promises \(length) bytes, which is too long")
    }
    let size = Int(try reader.integer(UInt16.self))
    let blocks = (length + Patch.blockBytes - 1) / Patch.blockBytes
    let runs = try Patch.decode(try reader.bytes(size), flags, blocks: blocks)
    try checkCover(runs, base: chunk.count, length: length)
    gather(runs, from: chunk.bytes, length: chunk.count, into: &oldBytes)
    let total = runs.reduce(0) { $0 + Patch.byteRange($1, length: length).count }
    newBytes.count = 0
    let frame = stored.extracting(reader.offset...)
    if flags.contains(.prefixed) {
      try decompressor.decompress(frame, prefix: oldBytes, length: total, into: &newBytes)
    } else {
      try decompressor.decompress(frame, length: total, into: &newBytes)
    }
    chunk.count = length
    var from = 0
    for run in runs {
      let range = Patch.byteRange(run, length: length)
      unsafe chunk.storage.baseAddress!.advanced(by: range.lowerBound).copyMemory(
        from: newBytes.pointer.baseAddress!.advanced(by: from), byteCount: range.count)
      from += range.count
    }
  }

  /// Bytes that lie past the base's end and in no dirty block would be whatever the memory held.
  private func checkCover(_ runs: Patch.Runs, base: Int, length: Int) throws(FormatError) {
    guard length > base else { return }
    let covered = runs.last.map { Patch.byteRange($0, length: length) }
    guard let covered, covered.upperBound == length, covered.lowerBound <= base else {
      throw FormatError(.inconsistent, "a patch leaves bytes past its base's end undefined")
    }
  }
}

private func gather(_ runs: Patch.Runs, from bytes: RawSpan, length: Int, into buffer: inout ByteBuffer) {
  buffer.count = 0
  for run in runs {
    let range = Patch.byteRange(run, length: length)
    if !range.isEmpty { buffer.append(bytes.extracting(range)) }
  }
}

/// Whether two runs of bytes are the same.
package func equal(_ a: RawSpan, _ b: RawSpan) -> Bool {
  guard a.byteCount == b.byteCount else { return false }
  return unsafe a.withUnsafeBytes { x in
    unsafe b.withUnsafeBytes { y in unsafe x.count == 0 || memcmp(x.baseAddress!, y.baseAddress!, x.count) == 0 }
  }
}
