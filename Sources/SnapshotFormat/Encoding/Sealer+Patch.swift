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
  static let blockBytes = BlockHashes.blockBytes

  struct Flags: OptionSet {
    let rawValue: UInt8
    static let prefixed = Flags(rawValue: 1)
    static let bitmap = Flags(rawValue: 2)
  }

  /// Runs of dirty blocks, as ranges of block numbers.
  typealias Runs = [Range<Int>]

  /// Where `new` differs from `base`. One pass at memcmp's speed.
  static func compare(_ new: RawSpan, base: RawSpan) -> Runs {
    unsafe new.withUnsafeBytes { a in
      unsafe base.withUnsafeBytes { b in
        DirtyBlocks(among: BlockHashes.count(in: a.count)) { block in
          let from = block * blockBytes
          let count = min(blockBytes, a.count - from)
          return unsafe from + count > b.count
            || memcmp(a.baseAddress! + from, b.baseAddress! + from, count) != 0
        }.runs
      }
    }
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

  static func byteRanges(_ runs: Runs, length: Int) -> [Range<Int>] { runs.map { byteRange($0, length: length) } }
}

/// The blocks of a chunk that differ from its base's.
package struct DirtyBlocks: Equatable, Sendable {
  let runs: Patch.Runs
  /// How many they are.
  package let count: Int

  /// Those of so many blocks of which `isDirty` says so. It is asked for each, in order.
  init(among blocks: Int, _ isDirty: (Int) -> Bool) {
    var runs: Patch.Runs = []
    var start: Int?
    for block in 0..<blocks {
      let dirty = isDirty(block)
      if !dirty, let first = start {
        runs.append(first..<block)
        start = nil
      } else if dirty, start == nil {
        start = block
      }
    }
    if let first = start { runs.append(first..<blocks) }
    self.runs = runs
    count = runs.reduce(0) { $0 + $1.count }
  }

  /// The bytes of each run of them, in order, in a chunk of so many bytes.
  package func byteRanges(length: Int) -> [Range<Int>] { Patch.byteRanges(runs, length: length) }

  /// The same, where runs with no more than so many bytes between them are one.
  package func byteRanges(length: Int, joinedOver gap: Int) -> [Range<Int>] {
    var joined: [Range<Int>] = []
    for range in byteRanges(length: length) {
      if let last = joined.last, range.lowerBound - last.upperBound <= gap {
        joined[joined.count - 1] = last.lowerBound..<range.upperBound
      } else {
        joined.append(range)
      }
    }
    return joined
  }
}

extension Sealer {
  /// Appends a patch that makes `chunk` from `base` to `output`, where that is clearly smaller than the chunk's own
  /// stored form is likely to be. It has then been applied once, and the outcome was right.
  /// - Parameters:
  ///   - dirty: Where they differ, if that is known.
  ///   - limit: The longest patch that is still worth it, in bytes.
  /// - Returns: Whether a patch was appended.
  package mutating func sealPatch(
    _ chunk: RawSpan, base: RawSpan, dirty: DirtyBlocks? = nil, limit: Int, into output: inout ByteBuffer
  ) -> Bool {
    let runs = dirty?.runs ?? Patch.compare(chunk, base: base)
    guard (try? checkCover(runs, base: base.byteCount, length: chunk.byteCount)) != nil else { return false }
    dirtyBytes.setPrefix(Patch.byteRanges(runs, length: base.byteCount), of: base)
    return sealPatch(chunk, runs, .prefixed, limit: limit, into: &output)
  }

  /// The same where the base, which is as long, is not at hand: the new bytes by themselves.
  package mutating func sealPatch(
    _ chunk: RawSpan, dirty: DirtyBlocks, limit: Int, into output: inout ByteBuffer
  ) -> Bool {
    dirtyBytes.clear()
    return sealPatch(chunk, dirty.runs, [], limit: limit, into: &output)
  }

  /// - Parameter flags: Whether the prefix of `dirtyBytes` is the frame's; else it has none.
  private mutating func sealPatch(
    _ chunk: RawSpan, _ runs: Patch.Runs, _ flags: Patch.Flags, limit: Int, into output: inout ByteBuffer
  ) -> Bool {
    let start = output.count
    let ranges = Patch.byteRanges(runs, length: chunk.byteCount)
    dirtyBytes.setBytes(ranges, of: chunk)
    let blocks = BlockHashes.count(in: chunk.byteCount)
    let (form, dirty) = Patch.encode(runs, blocks: blocks)
    guard dirty.count + 3 < limit else { return false }
    output.append(form.union(flags).rawValue)
    output.append(UInt16(dirty.count))
    output.append(dirty.rawSpan)
    let frameAt = output.count
    // Patches are small: a level that searches better costs little time.
    guard
      let frame = compressor.compress(
        dirtyBytes, level: max(level, 3), limit: limit - (frameAt - start), into: &output)
    else {
      output.count = start
      return false
    }
    // A patch that cannot be applied would cost a chunk: apply it now, while the chunk is at hand.
    let length = dirtyBytes.count
    let applied: Void? = try? decompressor.decompress(
      output.bytes.extracting(frameAt..<frameAt + frame), length: length, into: &dirtyBytes)
    guard applied != nil, dirtyBytes.holds(ranges, of: chunk) else {
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
    let blocks = BlockHashes.count(in: length)
    let runs = try Patch.decode(try reader.bytes(size), flags, blocks: blocks)
    try checkCover(runs, base: chunk.count, length: length)
    let ranges = Patch.byteRanges(runs, length: length)
    dirtyBytes.clear()
    if flags.contains(.prefixed) {
      dirtyBytes.setPrefix(Patch.byteRanges(runs, length: chunk.count), of: chunk.bytes)
    }
    try decompressor.decompress(
      stored.extracting(reader.offset...), length: ranges.reduce(0) { $0 + $1.count }, into: &dirtyBytes)
    chunk.count = length
    unsafe dirtyBytes.copyBytes(to: ranges, in: chunk.storage)
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
