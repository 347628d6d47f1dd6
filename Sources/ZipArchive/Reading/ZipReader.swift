import SystemIO

/// A ZIP archive that can be read from anywhere, by several threads at once: one `ZipExtractor` each.
///
/// Opening reads the central directory and refuses, as a whole, an archive with an entry that is encrypted, compressed by an
/// unknown method, unsafe by its name, there twice, overlapping another, or larger than the limits: nothing is unpacked of
/// an archive that is not sound. Local headers, sizes and checksums are checked as entries are read.
package final class ZipReader<Source: RandomAccess & ~Copyable>: Sendable {
  let source: Source
  /// The entries, in the order of the central directory.
  package let records: [ZipRecord]
  /// Where the central directory is.
  private let directory: Range<UInt64>

  /// O(n log n) for n entries; some 300 bytes of memory for each.
  package init(_ source: consuming Source, limits: ZipLimits = ZipLimits()) throws(ZipError) {
    (records, directory) = try CentralDirectory.read(of: source, limits: limits)
    self.source = source
  }

  /// Calls `body` with the bytes of the central directory, 1 MiB at a time. They hold names, times, sizes and checksums of
  /// all entries: what tells one archive from another without reading it.
  package func forEachDirectoryPiece(_ body: ([UInt8]) -> Void) throws(ZipError) {
    var at = directory.lowerBound
    while at < directory.upperBound {
      let count = min(directory.upperBound - at, 1 << 20)
      body(try source.bytes(at: at, count: Int(count)))
      at += count
    }
  }
}
