/// Which blocks of a batch are compressed and which are written, so that workers write them in order without waiting for
/// each other: whoever completes a block takes the role of the one who writes, where it is free and the front is ready.
struct BatchProgress: ~Copyable {
  /// What became of a block.
  struct Outcome: Sendable {
    /// Bytes of its room that are filled; 0 where it is kept as it is.
    var count: Int
    var checksum: UInt32
  }

  private let parts: [ZipBatch.Part]
  private let blocks: [ZipBatch.Block]
  private var outcomes: [Outcome?]
  /// The first block that nobody has taken for writing.
  private var next = 0
  private var isWriting = false

  init(parts: [ZipBatch.Part], blocks: [ZipBatch.Block]) {
    self.parts = parts
    self.blocks = blocks
    outcomes = Array(repeating: nil, count: blocks.count)
  }

  /// Notes that a block is compressed.
  mutating func complete(_ block: Int, _ outcome: Outcome) { outcomes[block] = outcome }

  /// Gives back the role of the writer.
  mutating func release() { isWriting = false }

  /// Takes the role of the writer, with what is to be written: blocks of streamed parts as they come, whole entries when
  /// all of their blocks are there. `nil` where another has the role, or the front is not ready.
  mutating func claim() -> (blocks: Range<Int>, outcomes: [Outcome])? {
    guard !isWriting else { return nil }
    var end = next
    while end < blocks.count {
      let part = parts[blocks[end].part]
      let group = part.isWhole ? part.blocks : end..<end + 1
      guard group.allSatisfy({ outcomes[$0] != nil }) else { break }
      end = group.upperBound
    }
    guard end > next else { return nil }
    let range = next..<end
    next = end
    isWriting = true
    return (range, outcomes[range].compactMap { $0 })
  }
}
