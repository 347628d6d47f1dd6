/// The records of the format, APPNOTE.TXT 6.3.10 section 4.3. All integers are little-endian.
///
/// ```
/// local header (4.3.7)          central header (4.3.12)         end record (4.3.16)
///  0 4 signature PK\3\4          0 4 signature PK\1\2            0 4 signature PK\5\6
///  4 2 version needed            4 2 version made by             4 2 this disk
///  6 2 flags                     6 2 version needed              6 2 disk of the directory
///  8 2 method                    8 2 flags                       8 2 entries on this disk
/// 10 2 time                     10 2 method                     10 2 entries
/// 12 2 date                     12 2 time                       12 4 directory bytes
/// 14 4 CRC-32                   14 2 date                       16 4 directory offset
/// 18 4 compressed bytes         16 4 CRC-32                     20 2 comment bytes
/// 22 4 bytes                    20 4 compressed bytes           22   comment
/// 26 2 name bytes               24 4 bytes
/// 28 2 extra bytes              28 2 name bytes                ZIP64 end record (4.3.14)
/// 30   name, extra              30 2 extra bytes                 0 4 signature PK\6\6
///                               32 2 comment bytes               4 8 bytes that follow (44 or more)
/// data descriptor (4.3.9)       34 2 disk of the entry          12 2 version made by, 14 2 needed
///  0 4 signature PK\7\8         36 2 internal attributes        16 4 this disk, 20 4 disk of the directory
///  4 4 CRC-32                   38 4 external attributes        24 8 entries on this disk
///  8 4 or 8 compressed bytes    42 4 offset of local header     32 8 entries
///    4 or 8 bytes               46   name, extra, comment       40 8 directory bytes, 48 8 directory offset
///
/// ZIP64 locator (4.3.15): 0 4 signature PK\6\7, 4 4 disk, 8 8 offset of the ZIP64 end record, 16 4 disks
/// ```
enum ZipFormat {
  static let localSignature: UInt32 = 0x0403_4B50
  static let centralSignature: UInt32 = 0x0201_4B50
  static let descriptorSignature: UInt32 = 0x0807_4B50
  static let endSignature: UInt32 = 0x0605_4B50
  static let end64Signature: UInt32 = 0x0606_4B50
  static let locatorSignature: UInt32 = 0x0706_4B50

  static let localBytes = 30
  static let centralBytes = 46
  static let endBytes = 22
  static let end64Bytes = 56
  static let locatorBytes = 20

  /// A number of 16 or 32 bits with this value stands elsewhere, in a ZIP64 field (4.4.1.4).
  static let elsewhere16: UInt16 = .max
  static let elsewhere32: UInt32 = .max

  /// General purpose bits (4.4.4).
  enum Flag {
    static let encrypted: UInt16 = 1 << 0
    /// CRC and sizes follow the data.
    static let descriptor: UInt16 = 1 << 3
    static let patch: UInt16 = 1 << 5
    static let strongEncryption: UInt16 = 1 << 6
    static let utf8: UInt16 = 1 << 11
    static let maskedHeaders: UInt16 = 1 << 13
  }

  /// Versions needed to extract (4.4.3.2): stored files; directories and deflate; ZIP64.
  static let versionStored: UInt16 = 10
  static let versionDeflate: UInt16 = 20
  static let version64: UInt16 = 45
  /// Made by: Unix (3), format version 6.3.
  static let versionMadeBy: UInt16 = 3 << 8 | 63

  /// Where the upper byte of "version made by" says so, the upper half of the external attributes is a Unix mode: Unix, and
  /// macOS.
  static let unixHosts: Set<UInt8> = [3, 19]

  /// The type bits of a Unix mode, and the attribute bits of MS-DOS.
  static let modeType: UInt32 = 0o170000
  static let modeFile: UInt32 = 0o100000
  static let modeDirectory: UInt32 = 0o040000
  static let modeLink: UInt32 = 0o120000
  static let dosReadOnly: UInt32 = 0x01
  static let dosDirectory: UInt32 = 0x10
}

/// How an entry's bytes are kept (4.4.5).
package enum ZipMethod: UInt16, Sendable {
  case stored = 0
  case deflate = 8

  /// What a method that is not read here is called.
  static func name(_ raw: UInt16) -> String {
    switch raw {
    case 1: "shrunk"
    case 2...5: "reduced"
    case 6: "imploded"
    case 9: "Deflate64"
    case 12: "bzip2"
    case 14: "LZMA"
    case 20, 93: "Zstandard"
    case 95: "xz"
    case 98: "PPMd"
    case 99: "AES encryption"
    default: "unknown"
    }
  }
}
