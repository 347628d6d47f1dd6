import SnapshotFormat
import SystemPackage

/// What a `backup_metadata.json` says: that of the old scripts, and that of ``ExportSnapshot``. Fields that make no sense
/// count as missing; a document that is no JSON to the decoder (one number beyond a double's range suffices) as a whole.
struct BackupMetadata: Decodable, Hashable, Sendable {
  struct Collection: Hashable, Sendable {
    var tenant: String?
    var database: String?
    var name: String
    var records: Int64
  }

  var time: String?
  var name: String?
  /// Of an export: the snapshot.
  var snapshot: String?
  /// The directory, from the root.
  var source: String?
  var description: String?
  var tags: [String] = []
  var collections: [Collection] = []

  private enum CodingKeys: String, CodingKey {
    case backup_timestamp, timestamp, backup_name, snapshot_id, source_path, source, description, tags, collections
  }

  private struct RawCollection: Decodable {
    var tenant: String?
    var database: String?
    var name: String?
    /// The old scripts' word.
    var count: Int64?
    /// Ours.
    var records: Int64?
  }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    func text(_ keys: CodingKeys...) -> String? {
      keys.lazy.compactMap { try? fields.decode(String.self, forKey: $0) }.first { !$0.isEmpty }
    }
    time = text(.backup_timestamp, .timestamp)
    name = text(.backup_name)
    snapshot = text(.snapshot_id)
    source = text(.source_path, .source).flatMap { Self.isPath($0) ? $0 : nil }
    description = text(.description).map { Self.cut($0, to: Self.textBytes) }
    tags = ((try? fields.decode([String].self, forKey: .tags)) ?? []).prefix(Self.tagLimit)
      .map { Self.cut($0, to: Self.tagBytes) }
    collections = ((try? fields.decode([RawCollection].self, forKey: .collections)) ?? []).compactMap { raw in
      guard let name = raw.name, let records = raw.count ?? raw.records else { return nil }
      return Collection(tenant: raw.tenant, database: raw.database, name: name, records: records)
    }
  }

  // What goes into a manifest, which every listing reads, and who wrote the archive is unknown.
  private static let textBytes = 64 << 10
  private static let tagLimit = 1000
  private static let tagBytes = 200

  private static func isPath(_ text: String) -> Bool {
    text.utf8.first == UInt8(ascii: "/") && !text.utf8.contains(0) && text.utf8.count <= Limits.nameBytes
  }

  /// As many whole characters of a text as fit.
  private static func cut(_ text: String, to bytes: Int) -> String {
    guard text.utf8.count > bytes else { return text }
    var end = text.utf8.index(text.startIndex, offsetBy: bytes)
    while end.samePosition(in: text) == nil { text.utf8.formIndex(before: &end) }
    return String(text[..<end])
  }

  /// - Returns: `nil` where the bytes are no description of a backup: then it is somebody's own file of that name.
  static func read(_ bytes: [UInt8]) -> BackupMetadata? {
    guard let found = try? Document.decode(BackupMetadata.self, from: bytes, called: "it") else { return nil }
    return found.time != nil || found.snapshot != nil || found.name != nil ? found : nil
  }

  /// Where the counts that were written down differ from what is there.
  func mismatches(with found: ChromaSummary) -> [String] {
    collections.compactMap { expected in
      let alike = found.collections.filter { collection in
        collection.name == expected.name && (expected.tenant ?? collection.tenant) == collection.tenant
          && (expected.database ?? collection.database) == collection.database
      }
      guard !alike.contains(where: { $0.records == expected.records }) else { return nil }
      let there = alike.first.map { "\($0.records)" } ?? "no"
      return "collection count mismatch: \(expected.name) holds \(there) records, the backup's metadata says "
        + "\(expected.records). What is in the backup counts; records that came or went while it was made explain it"
    }
  }
}
