/// The names of entries: which are safe, how they are brought into one form, how they are shown.
enum ZipName {
  /// Longest name in bytes: the format's limit is 65,535; no file system takes more than this.
  static let limit = 4096

  /// The name in its one form: no slash at the ends or doubled, no `.` components. Empty for the root folder itself.
  ///
  /// Refuses what could leave the folder that an archive is unpacked into, on this system or another: absolute paths, `..`
  /// components, drive letters, backslashes (separators on Windows), and zero bytes.
  static func checked(_ raw: some Collection<UInt8>) throws(ZipError) -> [UInt8] {
    func refused(_ reason: String) -> ZipError {
      ZipError(.unsafeName, "an entry's name \(reason)", entry: text(Array(raw.prefix(limit))))
    }
    guard raw.count <= limit else { throw refused("is longer than \(limit) bytes") }
    guard !raw.isEmpty else { throw refused("is empty") }
    guard raw.first != slash else { throw refused("is an absolute path") }
    guard !raw.contains(0) else { throw refused("contains a zero byte") }
    guard !raw.contains(UInt8(ascii: "\\")) else { throw refused("contains a backslash") }
    let start = Array(raw.prefix(2))
    if start.count == 2, start[1] == UInt8(ascii: ":"), (start[0] | 0x20) >= 0x61, (start[0] | 0x20) <= 0x7A {
      throw refused("starts with a drive letter")
    }
    var name: [UInt8] = []
    name.reserveCapacity(raw.count)
    for component in raw.split(separator: slash) {
      if component.elementsEqual([dot]) { continue }
      guard !component.elementsEqual([dot, dot]) else { throw refused("leads out of its folder (..)") }
      if !name.isEmpty { name.append(slash) }
      name.append(contentsOf: component)
    }
    return name
  }

  /// The name for people.
  static func text(_ name: [UInt8]) -> String {
    String(validating: name, as: UTF8.self) ?? String(String.UnicodeScalarView(name.map(scalar(codePage437:))))
  }

  static func isUTF8(_ name: [UInt8]) -> Bool { String(validating: name, as: UTF8.self) != nil }

  /// A byte of IBM's code page 437, the format's character set where nothing else is said (APPNOTE.TXT appendix D).
  private static func scalar(codePage437 byte: UInt8) -> Unicode.Scalar {
    byte < 0x80 ? Unicode.Scalar(byte) : upperHalf[Int(byte) - 0x80]
  }

  private static let upperHalf = Array(
    ("ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"
      + "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{A0}").unicodeScalars)

  static let slash = UInt8(ascii: "/")
  private static let dot = UInt8(ascii: ".")
}

/// The names that an archive has so far. Refuses a second entry of the same name, and one below what is no directory: with
/// a symbolic link above it, unpacking would write where the link points.
struct ZipNames {
  private enum Holder { case folder, impliedFolder, other }
  private var holders: [[UInt8]: Holder] = [:]
  /// The folder that was looked at last; most entries share it with the one before.
  private var lastFolder: [UInt8] = []

  /// O(length of the name), amortised.
  mutating func insert(_ name: [UInt8], isFolder: Bool) throws(ZipError) {
    let old = holders.updateValue(isFolder ? .folder : .other, forKey: name)
    guard old == nil || (old == .impliedFolder && isFolder) else {
      throw refused(name, old == .impliedFolder ? "is a file and a folder at once" : "appears twice")
    }
    guard let end = name.lastIndex(of: ZipName.slash), !name[..<end].elementsEqual(lastFolder) else { return }
    lastFolder = Array(name[..<end])
    var at = name.startIndex
    while let slash = name[at...].firstIndex(of: ZipName.slash) {
      let folder = Array(name[..<slash])
      switch holders[folder] {
      case nil: holders[folder] = .impliedFolder
      case .other: throw refused(name, "lies below an entry that is no folder")
      default: break
      }
      at = slash + 1
    }
  }

  private func refused(_ name: [UInt8], _ what: String) -> ZipError {
    ZipError(.duplicateName, "an entry's name \(what)", entry: ZipName.text(name))
  }
}
