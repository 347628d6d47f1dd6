/// How many names a folder holds, and the sum of their hashes: tells whether it holds what one believes it does without
/// comparing name by name. Names come and go in any order.
///
/// A guard against nothing but chance: two sets of names have equal digests with a probability of 2^-64.
package struct FolderDigest: Hashable, Sendable {
  package private(set) var count = 0
  package private(set) var sum: UInt64 = 0

  package init() {}

  package init(count: Int, sum: UInt64) {
    self.count = count
    self.sum = sum
  }

  package init(_ names: [String]) { for name in names { add(name[...]) } }

  package mutating func add(_ name: Substring) {
    count += 1
    sum &+= Self.hash(name)
  }

  package mutating func add(_ name: UnsafeBufferPointer<UInt8>) {
    count += 1
    sum &+= unsafe Self.hash(name)
  }

  package mutating func remove(_ name: Substring) {
    count -= 1
    sum &-= Self.hash(name)
  }

  /// What has come and gone since.
  package static func + (a: FolderDigest, b: FolderDigest) -> FolderDigest {
    FolderDigest(count: a.count + b.count, sum: a.sum &+ b.sum)
  }

  /// FNV-1a (G. Fowler et al., draft-eastlake-fnv), and the last step of MurmurHash3, for FNV's high bits depend on few.
  private static func hash(_ name: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for position in name.indices {
      let byte = unsafe name[position]
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
    hash = (hash ^ hash >> 33) &* 0xc4ce_b9fe_1a85_ec53
    return hash ^ hash >> 33
  }

  private static func hash(_ name: Substring) -> UInt64 {
    var name = name
    return name.withUTF8 { unsafe hash($0) }
  }
}
