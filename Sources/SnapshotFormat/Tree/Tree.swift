public import SystemIO

/// What a snapshot holds of one file, folder or symbolic link.
public struct TreeEntry: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    case file(Content, Chunking)
    /// The content is the folder's own tree, serialised.
    case directory(Content)
    case symbolicLink(target: [UInt8])
  }

  /// One path component, as the file system's bytes. The root of a snapshot is called `.`.
  public var name: [UInt8]
  public var kind: Kind
  /// Permission bits with set-user-id, set-group-id and sticky.
  public var permissions: UInt32
  public var owner: UInt32
  public var group: UInt32
  public var modified: Timestamp
  public var attributes: [ExtendedAttribute]
  /// Files of a snapshot with the same number here are hard links of each other.
  public var linkGroup: UInt64?
  /// Whether the file had holes.
  public var isSparse: Bool

  public init(
    name: [UInt8], kind: Kind, permissions: UInt32, owner: UInt32, group: UInt32, modified: Timestamp,
    attributes: [ExtendedAttribute] = [], linkGroup: UInt64? = nil, isSparse: Bool = false
  ) {
    self.name = name
    self.kind = kind
    self.permissions = permissions
    self.owner = owner
    self.group = group
    self.modified = modified
    self.attributes = attributes
    self.linkGroup = linkGroup
    self.isSparse = isSparse
  }

  /// Bytes of the file; 0 for anything else.
  public var size: UInt64 {
    if case .file(let content, _) = kind { content.length } else { 0 }
  }
}

/// A directory's entries, in the order of their names' bytes.
///
/// Bytes, little-endian: `CSTR`, u8 version 1, 3 x 0, then each entry:
/// ```
/// u8 kind (1 file, 2 directory, 3 symbolic link), u8 flags (1 attributes, 2 link group, 4 sparse)
/// u16 length of the name, name, u32 permissions, u32 owner, u32 group, i64 modified (seconds), u32 its nanoseconds
/// file       content {u64 length; unless 0: u8 depth, root 32}, u8 chunking
/// directory  content of its tree
/// link       u16 length of the target, target
/// flag 1     u16 count, then {u16 length of the name, name, u32 length of the value, value}
/// flag 2     u64 link group
/// ```
package struct Tree: Hashable, Sendable {
  package var entries: [TreeEntry]

  /// Sorts the entries; no two may have the same name.
  package init(_ entries: [TreeEntry]) {
    self.entries = entries.sorted { nameOrder($0.name, $1.name) }
  }

  /// The entry of that name. O(log entries).
  package subscript(name: [UInt8]) -> TreeEntry? {
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if nameOrder(entries[middle].name, name) { low = middle + 1 } else { high = middle }
    }
    return low < entries.count && entries[low].name == name ? entries[low] : nil
  }

  private struct Flags: OptionSet {
    let rawValue: UInt8
    static let attributes = Flags(rawValue: 1)
    static let linkGroup = Flags(rawValue: 2)
    static let sparse = Flags(rawValue: 4)
  }

  package var encoded: [UInt8] {
    var writer = ByteWriter(reserving: 8 + 128 * entries.count)
    writer.append(magic: "CSTR")
    writer.append(UInt8(1))
    writer.append([0, 0, 0])
    for entry in entries { Self.append(entry, to: &writer) }
    return writer.bytes
  }

  private static func append(_ entry: TreeEntry, to writer: inout ByteWriter) {
    var flags: Flags = []
    if !entry.attributes.isEmpty { flags.insert(.attributes) }
    if entry.linkGroup != nil { flags.insert(.linkGroup) }
    if entry.isSparse { flags.insert(.sparse) }
    switch entry.kind {
    case .file: writer.append(UInt8(1))
    case .directory: writer.append(UInt8(2))
    case .symbolicLink: writer.append(UInt8(3))
    }
    writer.append(flags.rawValue)
    writer.append(UInt16(entry.name.count))
    writer.append(entry.name)
    writer.append(entry.permissions)
    writer.append(entry.owner)
    writer.append(entry.group)
    writer.append(entry.modified.seconds)
    writer.append(entry.modified.nanoseconds)
    switch entry.kind {
    case .file(let content, let chunking):
      content.append(to: &writer)
      writer.append(chunking.rawValue)
    case .directory(let content):
      content.append(to: &writer)
    case .symbolicLink(let target):
      writer.append(UInt16(target.count))
      writer.append(target)
    }
    if !entry.attributes.isEmpty {
      writer.append(UInt16(entry.attributes.count))
      for attribute in entry.attributes {
        writer.append(UInt16(attribute.name.count))
        writer.append(attribute.name)
        writer.append(UInt32(attribute.value.count))
        writer.append(attribute.value)
      }
    }
    if let group = entry.linkGroup { writer.append(group) }
  }

  package init(decoding bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes.rawSpan, subject: "tree")
    try reader.expect(magic: "CSTR")
    guard try reader.bytes(4) == [1, 0, 0, 0] else {
      throw FormatError(.unsupported, "a tree of a version that this program does not know")
    }
    entries = []
    while reader.remaining > 0 {
      let entry = try Self.entry(from: &reader)
      try Self.validate(root: entry, isAlone: entries.isEmpty && reader.remaining == 0)
      if let last = entries.last, !nameOrder(last.name, entry.name) {
        throw FormatError(.inconsistent, "a tree's names are not in order")
      }
      entries.append(entry)
    }
  }

  private static func entry(from reader: inout ByteReader) throws(FormatError) -> TreeEntry {
    let kind = try reader.integer(UInt8.self)
    let flags = Flags(rawValue: try reader.integer())
    let name = try reader.bytes(Int(try reader.integer(UInt16.self)))
    try validate(name: name)
    let permissions = try reader.integer(UInt32.self)
    let owner = try reader.integer(UInt32.self)
    let group = try reader.integer(UInt32.self)
    let modified = Timestamp(seconds: try reader.integer(), nanoseconds: try reader.integer())
    guard flags.subtracting([.attributes, .linkGroup, .sparse]).isEmpty, permissions <= 0o7777,
      modified.nanoseconds < 1_000_000_000
    else { throw FormatError(.inconsistent, "a tree holds an entry that makes no sense") }
    var entry = TreeEntry(
      name: name, kind: .symbolicLink(target: []), permissions: permissions, owner: owner, group: group,
      modified: modified, isSparse: flags.contains(.sparse))
    switch kind {
    case 1:
      let content = try Content(from: &reader)
      guard let chunking = Chunking(rawValue: try reader.integer()) else {
        throw FormatError(.unsupported, "a file cut in a way that this program does not know")
      }
      entry.kind = .file(content, chunking)
    case 2: entry.kind = .directory(try Content(from: &reader))
    case 3:
      let target = try reader.bytes(Int(try reader.integer(UInt16.self)))
      guard !target.isEmpty, target.count <= Limits.nameBytes, !target.contains(0) else {
        throw FormatError(.inconsistent, "a tree holds a symbolic link with an impossible target")
      }
      entry.kind = .symbolicLink(target: target)
    default: throw FormatError(.unsupported, "a tree holds an entry of a kind that this program does not know")
    }
    if flags.contains(.attributes) {
      let count = try reader.integer(UInt16.self)
      guard count > 0 else { throw FormatError(.inconsistent, "a tree holds an entry that makes no sense") }
      for _ in 0..<count {
        let name = try reader.bytes(Int(try reader.integer(UInt16.self)))
        let length = Int(try reader.integer(UInt32.self))
        guard length <= Limits.attributeBytes, !name.isEmpty, !name.contains(0) else {
          throw FormatError(.inconsistent, "an extended attribute is past the limit, or has an impossible name")
        }
        entry.attributes.append(ExtendedAttribute(name: name, value: try reader.bytes(length)))
      }
    }
    if flags.contains(.linkGroup) { entry.linkGroup = try reader.integer() }
    return entry
  }

  /// The source's own folder is called `.` and alone in its tree. Beside other names it would say a second time what
  /// lies in a folder, and a forged tree could write through a symbolic link that it has made there first.
  private static func validate(root entry: TreeEntry, isAlone: Bool) throws(FormatError) {
    guard entry.name == [UInt8(ascii: ".")] else { return }
    guard isAlone, case .directory = entry.kind else {
      throw FormatError(.inconsistent, "a tree holds an impossible name")
    }
  }

  /// A name that is not one path component would let a damaged or forged tree write outside of a restore's target.
  private static func validate(name: [UInt8]) throws(FormatError) {
    guard !name.isEmpty, name.count <= Limits.nameBytes, !name.contains(0), !name.contains(UInt8(ascii: "/")),
      name != Array("..".utf8)
    else { throw FormatError(.inconsistent, "a tree holds an impossible name") }
  }
}
