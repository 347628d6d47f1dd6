/// How much an archive may hold before it is refused as a decompression bomb. All of it is known from the central directory
/// and enforced again while unpacking; deflate itself can't exceed a ratio of 1032.
package struct ZipLimits: Hashable, Sendable {
  package var entries = 5_000_000
  /// Bytes of one entry, unpacked.
  package var entryBytes: UInt64 = 1 << 40
  /// Bytes of all entries together, unpacked.
  package var totalBytes: UInt64 = 1 << 42
  /// How many times the archive's own size the entries may come to together; looked at beyond `ratioFreeBytes` only,
  /// because small archives of empty pages compress very well.
  package var ratio: UInt64 = 200
  package var ratioFreeBytes: UInt64 = 1 << 30

  package init() {}
}
