/// Puts right bytes in which one bit is not what it was, as disks and memory leave it, where something tells the right ones:
/// a hash.
package enum FlippedBit {
  /// What is longer is not tried: that would take 8 · n² bytes of hashing.
  package static let bytesMaximum = 16 << 10

  /// - Returns: The right bytes; `nil` where more than a bit is wrong.
  package static func corrected(_ damaged: [UInt8], where isRight: ([UInt8]) -> Bool) -> [UInt8]? {
    guard damaged.count <= bytesMaximum else { return nil }
    var bytes = damaged
    for i in bytes.indices {
      for bit in 0..<8 {
        bytes[i] ^= 1 << UInt8(bit)
        if isRight(bytes) { return bytes }
        bytes[i] ^= 1 << UInt8(bit)
      }
    }
    return nil
  }
}
