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

  /// O(n log n) for n entries; some 300 bytes of memory for each.
  package init(_ source: consuming Source, limits: ZipLimits = ZipLimits()) throws(ZipError) {
    records = try CentralDirectory.records(of: source, limits: limits)
    self.source = source
  }

  /// Bytes of all entries together, unpacked.
  package var totalBytes: UInt64 { records.reduce(0) { $0 + $1.size } }
}
