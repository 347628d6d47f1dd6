import ZipArchive

/// An entry of an archive made by hand, stored, with whatever a test wants to be wrong.
struct Crafted {
  var name: [UInt8]
  var bytes: [UInt8]
  var flags: UInt16
  var method: UInt16
  var attributes: UInt32
  /// Where the directory says that it is, in place of where it is.
  var offset: UInt32?
  /// In the directory only.
  var isHidden = false
  /// How long its local header says that its extra fields are.
  var localExtraBytes: UInt16 = 0
  var centralExtra: [UInt8] = []
  /// Made by Unix.
  var madeBy: UInt16 = 3 << 8 | 63

  init(_ name: String, _ bytes: [UInt8] = [], flags: UInt16 = 0, method: UInt16 = 0, attributes: UInt32 = 0) {
    (self.name, self.bytes, self.flags) = (Array(name.utf8), bytes, flags)
    (self.method, self.attributes) = (method, attributes)
  }

  /// Flags, method, a time, checksum and sizes: what both headers share.
  private var common: [UInt8] {
    little(flags) + little(method) + [0, 0, 0x21, 0] + little(checksum) + little(UInt32(bytes.count))
      + little(UInt32(bytes.count)) + little(UInt16(name.count))
  }

  var local: [UInt8] {
    [0x50, 0x4B, 3, 4, 20, 0] + common + little(localExtraBytes) + name + bytes
  }

  private func central(at place: Int) -> [UInt8] {
    [0x50, 0x4B, 1, 2] + little(madeBy) + [20, 0] + common + little(UInt16(centralExtra.count))
      + [0, 0, 0, 0, 0, 0] + little(attributes) + little(offset ?? UInt32(place)) + name + centralExtra
  }

  /// CRC-32, bit by bit.
  private var checksum: UInt32 {
    ~bytes.reduce(~0 as UInt32) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
  }

  static func archive(_ entries: [Crafted]) -> [UInt8] {
    var (data, directory): ([UInt8], [UInt8]) = ([], [])
    for entry in entries {
      directory += entry.central(at: data.count)
      if !entry.isHidden { data += entry.local }
    }
    let count = little(UInt16(entries.count))
    return data + directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count + little(UInt32(directory.count))
      + little(UInt32(data.count)) + [0, 0]
  }
}

/// The bytes of an integer, the least first.
func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
  (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}
