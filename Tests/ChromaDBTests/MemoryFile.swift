import ChromaDB

/// A file of which every byte is in memory.
struct MemoryFile: RandomAccessFile {
  private let content: [UInt8]

  init(_ content: [UInt8]) { self.content = content }

  var size: UInt64 { UInt64(content.count) }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
    guard offset < size else { return 0 }
    let count = min(buffer.count, content.count - Int(offset))
    unsafe content.withUnsafeBytes { source in
      if count > 0 { unsafe buffer.baseAddress!.copyMemory(from: source.baseAddress! + Int(offset), byteCount: count) }
    }
    return count
  }
}
