import SnapshotFormat
import SnapshotRepository
public import SystemIO
public import SystemPackage

/// A backup that some other program made, or an export: a ZIP, or a folder that was left unpacked.
public struct OldBackup: Sendable {
  public enum Form: Sendable { case zip, folder }

  /// Where it lies.
  public var file: FilePath
  public var form: Form
  /// What the snapshot will be called.
  public var name: String
  /// When the data was as the backup holds it.
  public var time: Timestamp
  /// How many files it holds, and their bytes.
  public var files: Int
  public var bytes: UInt64
  /// Whether it is of a Chroma directory.
  public var isChroma: Bool
  /// The names from its top down to the directory.
  var root: [[UInt8]]
  /// Files that lie beside the directory, its own metadata apart.
  var filesOutside: Int
  var metadata: BackupMetadata?
  /// Whether the metadata lies in the directory itself: it is no part of it.
  var hasMetadataInside: Bool
  /// Names its content.
  var digest: ChunkID

  /// The file's name, for people.
  public var fileName: String { file.lastComponent?.string ?? "" }
}

/// One thing in a backup, as far as its directory is looked for.
struct BackupEntry {
  var names: [[UInt8]]
  var isFile: Bool
  var size: UInt64
  var modified: Timestamp

  var name: [UInt8] { names.last ?? [] }
}

extension OldBackup {
  private static let database = Array("chroma.sqlite3".utf8)
  private static let metadataName = Array(ExportSnapshot.metadataName.utf8)

  /// Makes out what a backup is from what lies in it.
  /// - Parameters:
  ///   - read: Reads one small file of it.
  ///   - modified: The time of the file itself.
  init(
    _ file: FilePath, _ form: Form, _ entries: [BackupEntry], digest: ChunkID, modified: Timestamp,
    read: (Int) throws(SnapshotError) -> [UInt8]
  ) throws(SnapshotError) {
    var known: [[[UInt8]]: BackupMetadata] = [:]
    for (i, entry) in entries.enumerated()
    where entry.isFile && entry.name == Self.metadataName && entry.names.count <= 3 && entry.size <= 16 << 20 {
      if let metadata = BackupMetadata.read(try read(i)) { known[Array(entry.names.dropLast())] = metadata }
    }
    // An export holds the source at its top, whatever that is.
    let isExport = known[[]]?.snapshot != nil
    let databases = entries.filter { $0.isFile && $0.name == Self.database }
    guard let depth = isExport ? 1 : databases.map(\.names.count).min() else {
      throw SnapshotError(
        .unsupported, "\(file) holds no chroma.sqlite3, so it is no backup of a Chroma directory",
        hint: "Unpack it, and take a snapshot of the folder: chromasnap snapshot FOLDER.")
    }
    let roots = isExport ? [[]] : databases.filter { $0.names.count == depth }.map { Array($0.names.dropLast()) }
    guard roots.count == 1 else {
      let names = roots.map { String(decoding: Array($0.joined(separator: [UInt8(ascii: "/")])), as: UTF8.self) }
      throw SnapshotError(
        .unsupported, "\(file) holds several Chroma directories (\(names.sorted().joined(separator: ", ")))",
        hint: "Unpack it, and take a snapshot of each: chromasnap snapshot FOLDER.")
    }
    let root = roots[0]
    // The metadata lie at the top, beside the directory, or in it.
    let place = (0...root.count).map { Array(root.prefix($0)) }.first { known[$0] != nil }
    let metadata = place.flatMap { known[$0] }
    let hasMetadataInside = place == root
    let fileName = file.lastComponent?.string ?? ""
    let called = BackupName(file: fileName)
    let inside = entries.filter { entry in
      entry.isFile && entry.names.starts(with: root)
        && !(hasMetadataInside && entry.names.count == root.count + 1 && entry.name == Self.metadataName)
    }
    let newest = inside.map(\.modified).max()
    // A time to come is none.
    let limit = Timestamp.now.advanced(bySeconds: 60)
    let times = [
      metadata?.time.flatMap(Timestamp.init(backup:)), called.time,
      newest.flatMap { $0.seconds > Self.firstSeconds ? $0 : nil }, modified,
    ]
    time = times.compactMap { $0 }.first { $0 <= limit } ?? modified
    name = Self.name(metadata?.name, called, time)
    self.file = file
    self.form = form
    self.digest = digest
    self.root = root
    self.metadata = metadata
    self.hasMetadataInside = hasMetadataInside
    files = inside.count
    bytes = inside.reduce(0) { $0 + $1.size }
    isChroma = inside.contains { $0.names.count == root.count + 1 && $0.name == Self.database }
    filesOutside = entries.count { entry in
      entry.isFile && !entry.names.starts(with: root) && entry.name != Self.metadataName && !Self.isClutter(entry)
    }
  }

  /// 1980-01-02 in UTC. What MS-DOS writes for no time is its zero: 1 January 1980 in whatever zone.
  private static let firstSeconds: Int64 = 315_619_200

  /// What macOS and Windows put into archives unasked.
  private static func isClutter(_ entry: BackupEntry) -> Bool {
    entry.names[0] == Array("__MACOSX".utf8)
      || [".DS_Store", "Thumbs.db", "desktop.ini"].contains { entry.name == Array($0.utf8) }
  }

  private static func name(_ stated: String?, _ called: BackupName, _ time: Timestamp) -> String {
    if let stated, SnapshotName.isValid(stated) {
      // No command could name it: that word means another one.
      return SnapshotSelector(stated).isKeyword ? "\(stated)_\(time.localName)" : stated
    }
    var name = String(called.name.unicodeScalars.map { SnapshotName.isPlain($0) ? Character($0) : "_" })
    name = String(name.drop { $0 == "." || $0 == "-" })
    while name.utf8.count > 180 { name.removeLast() }
    if name.isEmpty { name = "imported" }
    return called.time == nil || !SnapshotName.isValid(name) ? "\(name)_\(time.localName)" : name
  }
}
