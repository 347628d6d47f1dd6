import SystemIO

/// Puts headers around what the workers made and hands it to the sink. Used by one thread at a time.
struct ZipOutput<Sink: ByteSink & ~Copyable>: ~Copyable {
  private let sink: Sink
  private let level: Int
  private var staging = ByteBuffer(capacity: 1 << 20)
  /// How many bytes the sink and `staging` have been given.
  private var offset: UInt64 = 0
  private var directory: [UInt8] = []
  private var entries: UInt64 = 0
  /// The entry that is being written.
  private var header: ZipHeader?

  init(_ sink: consuming Sink, level: Int) {
    self.sink = sink
    self.level = level
  }

  /// Writes the blocks of a range. Of an entry that is held as a whole it holds all.
  mutating func write(
    _ range: Range<Int>, _ outcomes: [BatchProgress.Outcome], parts: [ZipBatch.Part], blocks: [ZipBatch.Block],
    memory: BatchMemory
  ) throws(ZipError) {
    var at = range.lowerBound
    while at < range.upperBound {
      let part = parts[blocks[at].part]
      let end = part.isWhole ? part.blocks.upperBound : at + 1
      let isOpening = part.isFirst && at == part.blocks.lowerBound
      var (checksum, compressed) = (UInt32(0), 0)
      for i in at..<end {
        let outcome = outcomes[i - range.lowerBound]
        checksum = Checksum.joined(checksum, outcome.checksum, count: blocks[i].count)
        compressed += outcome.count
      }
      var header: ZipHeader
      if part.isWhole {
        let isSmaller = level > 0 && compressed < part.count
        header = ZipHeader(part.entry, method: isSmaller ? .deflate : .stored, offset: offset)
        (header.checksum, header.size) = (checksum, UInt64(part.count))
        header.compressed = UInt64(isSmaller ? compressed : part.count)
        try append(header.local())
      } else if isOpening {
        header = ZipHeader(
          part.entry, method: level > 0 ? .deflate : .stored, offset: offset, length: part.content.length,
          checksum: part.checksum)
        try append(header.local())
      } else {
        header = self.header!
      }
      for i in at..<end {
        let (block, count) = (blocks[i], outcomes[i - range.lowerBound].count)
        if header.method == .stored {
          unsafe try append(memory.bytes(of: block))
        } else {
          unsafe try append(UnsafeRawBufferPointer(rebasing: memory.room(of: block)[..<count]))
        }
      }
      if !part.isWhole {
        header.checksum = isOpening ? checksum : Checksum.joined(header.checksum, checksum, count: blocks[at].count)
        header.size += UInt64(blocks[at].count)
        header.compressed += UInt64(header.method == .stored ? blocks[at].count : compressed)
      }
      if part.isLast && end == part.blocks.upperBound {
        if let known = part.checksum, known != header.checksum {
          throw ZipError(
            .contentChanged, "a content changed between its two readings", hint: "Write the archive again.",
            entry: part.entry.nameText)
        }
        if header.hasDescriptor { try append(header.descriptor()) }
        directory.append(contentsOf: header.central())
        entries += 1
        self.header = nil
      } else {
        self.header = header
      }
      at = end
    }
  }

  /// Writes the central directory and the end records, and all that is still held back.
  mutating func finish() throws(ZipError) -> ZipSummary {
    let start = offset
    try append(directory)
    let end = offset
    try append(ZipHeader.end(entries: entries, directory: start..<end))
    try flush()
    return ZipSummary(entries: Int(entries), bytes: offset)
  }

  private mutating func append(_ bytes: [UInt8]) throws(ZipError) {
    unsafe try bytes.rawSpan.withUnsafeBytes { (source) throws(ZipError) in unsafe try append(source) }
  }

  private mutating func append(_ bytes: UnsafeRawBufferPointer) throws(ZipError) {
    if bytes.count > staging.capacity - staging.count { try flush() }
    offset += UInt64(bytes.count)
    if bytes.count > staging.capacity {
      try onArchive { () throws(SystemError) in unsafe try sink.write(bytes) }
    } else {
      unsafe staging.free.copyMemory(from: bytes)
      staging.count += bytes.count
    }
  }

  private mutating func flush() throws(ZipError) {
    try onArchive { () throws(SystemError) in unsafe try sink.write(staging.pointer) }
    staging.count = 0
  }
}
