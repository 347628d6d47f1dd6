import SystemIO

/// What is read, compressed and written in one go: whole entries and parts of large ones, in order.
///
/// Its memory is allocated once and used for every batch: the content, and room for what it is compressed to.
struct ZipBatch: ~Copyable {
  /// A run of one entry's content.
  struct Part: Sendable {
    var entry: ZipEntry
    var content: any ZipContent
    /// Where in the content it begins.
    var offset: UInt64
    var count: Int
    /// Where in `input` it begins.
    var start: Int
    var blocks: Range<Int>
    /// What the content's checksum must come to, where it was computed beforehand.
    var checksum: UInt32?

    var isFirst: Bool { offset == 0 }
    var isLast: Bool { offset + UInt64(count) == content.length }
    /// Held in memory as a whole, so that its header can say how long it became. Not a larger one that happens to fit
    /// into a batch: batches grow with the number of workers, and the archive may not depend on that.
    var isWhole: Bool { content.length <= UInt64(ZipBatch.wholeBytes) }
  }

  /// A part of a part: what one worker compresses at a time.
  struct Block: Sendable {
    var part: Int
    var start: Int
    var count: Int
    /// How many bytes before it, in `input`, belong to the same entry and may be referred to.
    var before: Int
    var isFinal: Bool
    /// Where its room in `output` begins.
    var room: Int
  }

  /// A piece that is read by one call.
  struct Piece: Sendable {
    var part: Int
    var offset: UInt64
    var start: Int
    var count: Int
  }

  private(set) var parts: [Part] = []
  private(set) var blocks: [Block] = []
  private(set) var pieces: [Piece] = []
  /// First the window that a part goes on from, then the parts' content.
  let input: ByteBuffer
  let output: ByteBuffer
  private var inputUsed = Self.lead
  private var outputUsed = 0

  /// Entries up to this size are held in memory as a whole. A constant: it decides about the archive's bytes.
  static let wholeBytes = 4 << 20
  static let pieceBytes = 2 << 20
  private static let lead = BlockCompressor.windowBytes
  private static let mostBlocks = 8192

  /// - Parameter capacity: Bytes of content, a multiple of `wholeBytes`.
  init(capacity: Int) {
    input = ByteBuffer(capacity: Self.lead + capacity)
    output = ByteBuffer(
      capacity: capacity + 5 * Self.mostBlocks + 15 * (capacity / BlockCompressor.blockBytes + 1))
  }

  var isEmpty: Bool { parts.isEmpty }

  /// The memory, for workers; the batch must outlive its use.
  var memory: BatchMemory { unsafe BatchMemory(input: input.storage, output: output.storage) }

  /// How many bytes of a content may be added now, of which `remaining` are still to be added: all of a small one or
  /// nothing, of a large one some pieces or the rest.
  func room(for remaining: UInt64, whole: Bool) -> Int? {
    let free = input.capacity - inputUsed
    guard blocks.count + free / BlockCompressor.blockBytes + 2 <= Self.mostBlocks else { return nil }
    if remaining <= UInt64(free) { return Int(remaining) }
    return whole || free < Self.pieceBytes ? nil : free / Self.pieceBytes * Self.pieceBytes
  }

  /// Adds a part, for which `room(for:whole:)` found room. One that continues an entry comes first in its batch.
  mutating func add(
    _ entry: ZipEntry, _ content: any ZipContent, offset: UInt64, count: Int, checksum: UInt32?
  ) {
    let part = parts.count
    let firstBlock = blocks.count
    let isLast = offset + UInt64(count) == content.length
    var at = 0
    repeat {
      let length = min(BlockCompressor.blockBytes, count - at)
      let before = offset > 0 || at > 0 ? BlockCompressor.windowBytes : 0
      blocks.append(
        Block(
          part: part, start: inputUsed + at, count: length, before: before,
          isFinal: isLast && at + length == count, room: outputUsed))
      outputUsed += BlockCompressor.bound(length)
      at += length
    } while at < count
    for from in stride(from: 0, to: count, by: Self.pieceBytes) {
      pieces.append(
        Piece(
          part: part, offset: offset + UInt64(from), start: inputUsed + from, count: min(Self.pieceBytes, count - from))
      )
    }
    parts.append(
      Part(
        entry: entry, content: content, offset: offset, count: count, start: inputUsed,
        blocks: firstBlock..<blocks.count, checksum: checksum))
    inputUsed += count
  }

  /// Makes room for the next batch; keeps the window that an entry which goes on may refer to.
  mutating func clear() {
    if let last = parts.last, !last.isLast {
      unsafe UnsafeMutableRawBufferPointer(rebasing: input.storage[..<Self.lead])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: input.storage[(inputUsed - Self.lead)..<inputUsed]))
    }
    parts.removeAll(keepingCapacity: true)
    blocks.removeAll(keepingCapacity: true)
    pieces.removeAll(keepingCapacity: true)
    inputUsed = Self.lead
    outputUsed = 0
  }
}

/// A batch's memory as its workers share it: each fills pieces of `input` and rooms of `output` that are nobody else's, and
/// reads only what was filled before it began or by itself.
@safe struct BatchMemory: @unchecked Sendable {
  private let input: UnsafeMutableRawBufferPointer
  private let output: UnsafeMutableRawBufferPointer

  init(input: UnsafeMutableRawBufferPointer, output: UnsafeMutableRawBufferPointer) {
    unsafe self.input = input
    unsafe self.output = output
  }

  func bytes(of piece: ZipBatch.Piece) -> UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(rebasing: input[piece.start..<piece.start + piece.count])
  }

  func bytes(of block: ZipBatch.Block) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: input[block.start..<block.start + block.count])
  }

  func bytes(before block: ZipBatch.Block) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: input[block.start - block.before..<block.start])
  }

  func room(of block: ZipBatch.Block) -> UnsafeMutableRawBufferPointer {
    let end = block.room + BlockCompressor.bound(block.count)
    return unsafe UnsafeMutableRawBufferPointer(rebasing: output[block.room..<end])
  }
}
