import SnapshotFormat
import SnapshotRepository

/// What a prune will do, before it does anything.
public struct PrunePlan: Sendable {
  /// One pack with what of it is needed.
  struct PackUse: Sendable {
    var summary: Catalogue.PackSummary
    var used: Set<ChunkID> = []
    var usedBytes: UInt64 = 0
    var unusedBytes: UInt64 { summary.storedBytes - usedBytes }
  }

  /// Packs that nothing needs.
  var swept: [PackUse] = []
  /// Packs of which what is needed goes into new ones.
  var repacked: [PackUse] = []
  var kept: [PackUse] = []
  /// Packs whose table can't be read and no check has noted as damaged: left alone.
  public private(set) var unreadablePacks = 0

  public var packsSwept: Int { swept.count }
  public var packsRepacked: Int { repacked.count }
  public var packsKept: Int { kept.count }
  public var bytesUsed: UInt64 { (repacked + kept).reduce(0) { $0 + $1.usedBytes } }
  public var bytesRepacked: UInt64 { repacked.reduce(0) { $0 + $1.usedBytes } }
  public var bytesFreed: UInt64 { (swept + repacked).reduce(0) { $0 + $1.unusedBytes } }
  public var bytesUnusedAfter: UInt64 { kept.reduce(0) { $0 + $1.unusedBytes } }

  /// A pack shorter than this is worth merging with others of its kind, where there are this many.
  static let smallBytes: UInt64 = UInt64(PackWriter.targetBytes / 4)
  static let smallPacksMinimum = 8

  /// - Parameters:
  ///   - packs: All packs.
  ///   - needed: The copies that are needed, by pack.
  ///   - damaged: Packs of which something is noted as damaged: what is good and needed moves out of them. Those of them
  ///     whose table can't be read hold nothing that is needed, since all that is needed was found elsewhere.
  ///   - maxUnused: How much of what stays may be unused, as a fraction of what is used.
  init(
    _ packs: [Catalogue.PackSummary], needed: [ChunkID: [ChunkID: UInt64]], damaged: Set<ChunkID> = [],
    maxUnused: Double
  ) {
    var partly: [PackUse] = []
    for summary in packs {
      guard summary.kind != nil || damaged.contains(summary.id) else {
        unreadablePacks += 1
        continue
      }
      var use = PackUse(summary: summary)
      for (id, bytes) in needed[summary.id] ?? [:] {
        use.used.insert(id)
        use.usedBytes += bytes
      }
      if use.used.isEmpty { swept.append(use) } else { partly.append(use) }
    }
    let total = partly.reduce(0) { $0 + $1.usedBytes }
    var unused = partly.reduce(0) { $0 + $1.unusedBytes }
    let limit = Double(total) * maxUnused
    // Most waste for the least copying first.
    partly.sort { $0.unusedBytes * ($1.usedBytes + 1) > $1.unusedBytes * ($0.usedBytes + 1) }
    for use in partly {
      if (Double(unused) > limit && use.unusedBytes > 0) || damaged.contains(use.summary.id) {
        repacked.append(use)
        unused -= use.unusedBytes
      } else {
        kept.append(use)
      }
    }
    mergeSmall()
  }

  private mutating func mergeSmall() {
    for kind in [PackKind.data, .metadata] {
      func isSmall(_ use: PackUse) -> Bool { use.summary.kind == kind && use.summary.storedBytes < Self.smallBytes }
      let small = kept.filter(isSmall)
      guard small.count >= Self.smallPacksMinimum else { continue }
      repacked += small
      kept.removeAll(where: isSmall)
    }
  }
}
