/// `header.bin`: 100 bytes, little-endian, unaligned, as Chroma's hnswlib writes it.
///
/// | offset | type | field |
/// |---|---|---|
/// | 0 | i32 | version, 1 |
/// | 4 | u64 | offset of level 0 in a record, 0 |
/// | 12 | u64 | capacity in elements |
/// | 20 | u64 | elements |
/// | 28 | u64 | stride: bytes of a record in `data_level0.bin` |
/// | 36 | u64 | offset of the label in a record, stride - 8 |
/// | 44 | u64 | offset of the vector in a record, 4 + 4 maxM0 |
/// | 52 | i32 | highest level, -1 where empty |
/// | 56 | u32 | entry point, 0xFFFFFFFF where empty |
/// | 60 | u64 | maxM: links per element on the upper levels |
/// | 68 | u64 | maxM0: links per element on level 0, 2 M |
/// | 76 | u64 | M |
/// | 84 | f64 | 1 / ln M |
/// | 92 | u64 | ef_construction |
package struct HNSWHeader: Hashable, Sendable {
  package var version: Int32
  package var levelZeroOffset: UInt64
  package var capacity: UInt64
  package var count: UInt64
  /// Bytes.
  package var stride: UInt64
  package var labelOffset: UInt64
  package var vectorOffset: UInt64
  package var highestLevel: Int32
  package var entryPoint: UInt32
  package var maxLinks: UInt64
  package var maxLinksLevelZero: UInt64
  package var links: UInt64
  package var levelFactor: Double
  package var constructionEffort: UInt64

  package static let byteCount = 100

  /// Bounds beyond which no index of Chroma lies, so that no arithmetic on a header overflows.
  private static let linksMax: UInt64 = 1 << 14
  private static let strideMax: UInt64 = 1 << 20
  private static let countMax: UInt64 = 1 << 32

  /// - Returns: `nil` where the bytes are no header: of another length, another version, or with offsets that do not
  ///   fit each other.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    func value<Value: FixedWidthInteger & BitwiseCopyable>(_ at: Int, _ type: Value.Type) -> Value {
      unsafe bytes.withUnsafeBytes { unsafe Value(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: type)) }
    }
    version = value(0, Int32.self)
    levelZeroOffset = value(4, UInt64.self)
    capacity = value(12, UInt64.self)
    count = value(20, UInt64.self)
    stride = value(28, UInt64.self)
    labelOffset = value(36, UInt64.self)
    vectorOffset = value(44, UInt64.self)
    highestLevel = value(52, Int32.self)
    entryPoint = value(56, UInt32.self)
    maxLinks = value(60, UInt64.self)
    maxLinksLevelZero = value(68, UInt64.self)
    links = value(76, UInt64.self)
    levelFactor = Double(bitPattern: value(84, UInt64.self))
    constructionEffort = value(92, UInt64.self)
    guard
      version == 1, levelZeroOffset == 0, (1...Self.linksMax).contains(maxLinks),
      (1...2 * Self.linksMax).contains(maxLinksLevelZero), stride <= Self.strideMax, count < Self.countMax,
      capacity < Self.countMax, vectorOffset == 4 + 4 * maxLinksLevelZero, labelOffset >= vectorOffset,
      (labelOffset - vectorOffset) % 4 == 0, stride >= 8, labelOffset == stride - 8
    else { return nil }
  }

  /// Numbers per vector.
  package var dimension: Int { Int(labelOffset - vectorOffset) / 4 }

  /// Bytes of one level of one element in `link_lists.bin`.
  package var levelByteCount: Int { 4 + 4 * Int(maxLinks) }

  /// Bytes that `data_level0.bin` has at least.
  package var dataSize: UInt64 { count * stride }

  /// More bytes than `link_lists.bin` can sensibly have: an element is on 1 / (M - 1) upper levels in the mean.
  package var absurdLinksSize: UInt64 { 1 << 20 + count * UInt64(4 + 3 * levelByteCount) }
}
