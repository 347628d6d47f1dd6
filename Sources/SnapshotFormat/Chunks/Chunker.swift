import CKernels

/// How a file is cut into chunks. A tree stores which was used.
public enum Chunking: UInt8, Sendable {
  /// Where the content says so (``GearChunker``): for files in which bytes are inserted and removed.
  case contentDefined = 0
  /// At fixed places: for files that are rewritten in place (SQLite, HNSW), in which nothing shifts.
  case regions = 1
}

/// The constants of a repository's chunking, from its config. They never change in a repository's life, or nothing would
/// deduplicate against what is there.
public struct ChunkingParameters: Codable, Hashable, Sendable {
  /// Bytes in a fixed region.
  public var regionBytes: Int
  /// No content-defined chunk but a file's last is shorter.
  public var minimumBytes: Int
  /// What content-defined chunks aim for. A power of two.
  public var averageBytes: Int
  /// No chunk is longer.
  public var maximumBytes: Int
  /// A file is cut at multiples of this first: the unit of parallel work, and of one chunk list.
  public var segmentBytes: Int
  /// What the gear table is made from: 16 bytes as 32 hexadecimal digits.
  public var gearSeed: String

  public init(
    regionBytes: Int = 256 << 10, minimumBytes: Int = 64 << 10, averageBytes: Int = 256 << 10,
    maximumBytes: Int = 1 << 20, segmentBytes: Int = 16 << 20, gearSeed: String
  ) {
    self.regionBytes = regionBytes
    self.minimumBytes = minimumBytes
    self.averageBytes = averageBytes
    self.maximumBytes = maximumBytes
    self.segmentBytes = segmentBytes
    self.gearSeed = gearSeed
  }

  enum CodingKeys: String, CodingKey {
    case regionBytes = "region_bytes"
    case minimumBytes = "minimum_bytes"
    case averageBytes = "average_bytes"
    case maximumBytes = "maximum_bytes"
    case segmentBytes = "segment_bytes"
    case gearSeed = "gear_seed"
  }

  /// Whether the constants make sense together and keep the format's limits.
  func validate() throws(FormatError) {
    let lengths = [regionBytes, minimumBytes, averageBytes, maximumBytes, segmentBytes]
    guard lengths.allSatisfy({ $0 >= 4096 && $0 <= 1 << 30 }), averageBytes & (averageBytes - 1) == 0,
      minimumBytes < averageBytes, averageBytes < maximumBytes, maximumBytes <= Limits.chunkBytes,
      regionBytes <= Limits.chunkBytes, segmentBytes >= maximumBytes, segmentBytes % regionBytes == 0,
      segmentBytes / minimumBytes < Limits.listEntries, segmentBytes / regionBytes <= Limits.listEntries,
      parseHexadecimal(gearSeed)?.count == 16
    else { throw FormatError(.inconsistent, "the chunking constants in the repository's config make no sense") }
  }
}

/// Content-defined chunking with a gear rolling hash and normalised chunk lengths.
///
/// Source: W. Xia et al., "FastCDC: a Fast and Efficient Content-Defined Chunking Approach for Data Deduplication",
/// USENIX ATC 2016; two bytes per step after "The Design of Fast Content-Defined Chunking for Data Deduplication Based
/// Storage Systems", IEEE TPDS 2020. The gear table is made from the repository's seed: entry `i` is the first eight
/// bytes, little-endian, of SHA-256(seed ‖ i).
package struct GearChunker: Sendable {
  private let gear: [UInt64]
  /// The same, shifted left by one: the first of each two bytes.
  private let gearShifted: [UInt64]
  private let minimum: Int
  private let average: Int
  private let maximum: Int
  /// Harder than average before the average length, easier after it.
  private let hardMask: UInt64
  private let easyMask: UInt64

  package init(_ parameters: ChunkingParameters) {
    let seed = parseHexadecimal(parameters.gearSeed) ?? []
    gear = (0..<256).map { i in
      ChunkID(of: seed + [UInt8(i)]).bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    gearShifted = gear.map { $0 << 1 }
    minimum = parameters.minimumBytes
    average = parameters.averageBytes
    maximum = parameters.maximumBytes
    let bits = average.trailingZeroBitCount
    hardMask = Self.mask(bits: bits + 2)
    easyMask = Self.mask(bits: bits - 2)
  }

  /// The high bits of a gear hash depend on the most bytes. Bit 63 stays out, so that the mask can be shifted.
  private static func mask(bits: Int) -> UInt64 { ((1 << UInt64(bits)) - 1) << UInt64(63 - bits) }

  /// The length of the first chunk of `bytes`, which begin at a cut; all of them where they are shorter than a chunk may be
  /// and nothing says where it ends. O(length), no allocation.
  package func cut(_ bytes: RawSpan) -> Int { firstCut(bytes) ?? bytes.byteCount }

  /// The same; `nil` where the chunk may be longer than `bytes`.
  package func firstCut(_ bytes: RawSpan) -> Int? {
    let limit = min(bytes.byteCount, maximum)
    var hash: UInt64 = 0
    if limit > minimum {
      let middle = min(average, limit)
      if let cut = scan(bytes, from: minimum, to: middle, mask: hardMask, &hash)
        ?? scan(bytes, from: middle, to: limit, mask: easyMask, &hash)
      {
        return cut
      }
    }
    return limit == maximum ? limit : nil
  }

  /// Whether a chunk may end where this one does: whether its last bytes say so, or its length. O(1).
  package func mayEnd(_ chunk: RawSpan) -> Bool {
    let length = chunk.byteCount
    guard length > minimum, length < maximum else { return length == maximum }
    // What came more than 64 bytes before has been shifted out of the hash.
    let hash = unsafe chunk.extracting(max(minimum, length - 64)...).withUnsafeBytes { bytes in
      unsafe bytes.reduce(0 as UInt64) { ($0 << 1) &+ gear[Int($1)] }
    }
    return hash & (length <= average ? hardMask : easyMask) == 0
  }

  private func scan(_ bytes: RawSpan, from start: Int, to end: Int, mask: UInt64, _ hash: inout UInt64) -> Int? {
    let found = unsafe bytes.withUnsafeBytes { bytes in
      unsafe ckernels_gear_scan(
        bytes.bindMemory(to: UInt8.self).baseAddress, start, end, mask, &hash, gear, gearShifted)
    }
    return found == 0 ? nil : found
  }
}
