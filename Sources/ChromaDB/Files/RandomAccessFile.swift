/// Bytes that can be read at any place: a file on disk, or one that exists only as the chunks of a snapshot.
///
/// Any thread may read at any time, several at once.
package protocol RandomAccessFile: Sendable {
  /// Bytes.
  var size: UInt64 { get }

  /// Fills `buffer` from `offset` on; fewer bytes only at the end of the file.
  /// - Returns: How many bytes were read.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int

  /// Makes a range ready that will be read soon, where that can be done beside who reads: a hint. Ranges follow each other
  /// without gaps.
  func prefetch(offset: UInt64, count: UInt64)
}

extension RandomAccessFile {
  package func prefetch(offset: UInt64, count: UInt64) {}

  /// The bytes of a range, cut off at the end of the file. For small things such as headers.
  package func bytes(at offset: UInt64, count: Int) throws -> [UInt8] {
    let available = offset >= size ? 0 : Int(min(UInt64(count), size - offset))
    var result = [UInt8](repeating: 0, count: available)
    let read = unsafe try result.withUnsafeMutableBytes { unsafe try self.read(into: $0, at: offset) }
    if read < available { result.removeLast(available - read) }
    return result
  }
}
