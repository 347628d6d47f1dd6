import Synchronization
import SystemIO

/// The three steps of a batch: reading, compressing, writing. Reading ends before compressing begins, because a block
/// refers to bytes that another worker read; compressing and writing overlap (`BatchProgress`).
final class ZipPipeline<Sink: ByteSink & ~Copyable>: Sendable {
  private let output: Mutex<ZipOutput<Sink>>
  private let level: Int

  init(_ sink: consuming sending Sink, level: Int) {
    output = Mutex(ZipOutput(sink, level: level))
    self.level = level
  }

  func read(_ batch: borrowing ZipBatch, workers: Int) throws(ZipError) {
    let (parts, pieces) = (batch.parts, batch.pieces)
    let memory = batch.memory
    try parallelLoop(items: pieces.count, workers: workers) { next throws(ZipError) in
      while let i = next() {
        let (piece, part) = (pieces[i], parts[pieces[i].part])
        try reading(part.entry) { unsafe try part.content.read(at: piece.offset, into: memory.bytes(of: piece)) }
      }
    }
  }

  func compressAndWrite(_ batch: borrowing ZipBatch, workers: Int) throws(ZipError) {
    let (parts, blocks, level) = (batch.parts, batch.blocks, level)
    let memory = batch.memory
    let progress = Mutex(BatchProgress(parts: parts, blocks: blocks))
    try parallelLoop(items: blocks.count, workers: workers) { next throws(ZipError) in
      var compressor = BlockCompressor(level: max(level, 1))
      while let i = next() {
        let block = blocks[i]
        let bytes = unsafe memory.bytes(of: block)
        let count =
          level == 0 || block.count == 0
          ? 0
          : unsafe compressor.compress(
            bytes, after: memory.bytes(before: block), isFinal: block.isFinal, into: memory.room(of: block))
        let outcome = unsafe BatchProgress.Outcome(count: count, checksum: Checksum.crc32(bytes))
        var ready = progress.withLock { progress in
          progress.complete(i, outcome)
          return progress.claim()
        }
        while let (range, outcomes) = ready {
          try self.output.withLock { archive throws(ZipError) in
            try archive.write(range, outcomes, parts: parts, blocks: blocks, memory: memory)
          }
          ready = progress.withLock { progress in
            progress.release()
            return progress.claim()
          }
        }
      }
    }
  }

  func finish() throws(ZipError) -> ZipSummary {
    try output.withLock { output throws(ZipError) in try output.finish() }
  }
}

/// Reads from an entry's content, whose errors may be of any type.
func reading(_ entry: ZipEntry, _ body: () throws -> Void) throws(ZipError) {
  do { try body() } catch {
    guard var known = error as? ZipError else {
      throw ZipError(.contentUnreadable, "an entry's content could not be read", entry: entry.nameText, cause: error)
    }
    known.entry = known.entry ?? entry.nameText
    throw known
  }
}
