import SystemIO

/// The bytes of an entry, pulled by the writer.
package protocol ZipContent: Sendable {
  /// In bytes; it may not change until the archive is finished.
  var length: UInt64 { get }

  /// Fills all of `buffer` with the bytes from `offset` on, which lie within the length.
  ///
  /// Called on several threads at once. Pieces start at multiples of 2 MiB and are as long, except at the end. Each piece
  /// is asked for once and about in order; a large entry that is stored at level 0 is read twice.
  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws
}

/// Bytes in memory: an entry's content, or a whole archive.
package struct ZipBytes: ZipContent, RandomAccess {
  package let bytes: [UInt8]

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package init(_ text: String) { bytes = Array(text.utf8) }

  package static let empty = ZipBytes([])

  package var length: UInt64 { UInt64(bytes.count) }

  package func size() -> UInt64 { length }

  package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let start = Int(min(offset, length))
    let count = min(bytes.count - start, buffer.count)
    unsafe bytes.withUnsafeBytes { source in
      unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[start..<start + count]))
    }
    return count
  }

  package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws {
    let count: Int = unsafe read(at: offset, into: buffer)
    precondition(count == buffer.count, "a piece lies within the content")
  }
}
