public import SystemIO

/// What a repository is: `config/<n>`, the highest number counts.
///
/// A JSON document on the first line, on the second `sha256:` and the 64 digits of the first line's SHA-256 (without its
/// line feed).
public struct RepositoryConfig: Codable, VersionedDocument, Hashable, Sendable {
  /// What a program must know to do something with the repository.
  public struct Features: Codable, Hashable, Sendable {
    public var read: [String] = []
    public var write: [String] = []
    public var delete: [String] = []
  }

  /// The version of the format that this program writes.
  public static let currentVersion = 1

  public var version = RepositoryConfig.currentVersion
  /// 32 hexadecimal digits.
  public var id: String
  public var created: Timestamp
  public var chunking: ChunkingParameters
  /// How plaintext is encrypted: `none` in version 1.
  public var encryption = "none"
  public var features = Features()

  package init(id: String, created: Timestamp, chunking: ChunkingParameters) {
    self.id = id
    self.created = created
    self.chunking = chunking
  }

  package var encoded: [UInt8] {
    let document = Document.encode(self)
    return Sealer.sealDocument(document + Array("\nsha256:\(ChunkID(of: document))\n".utf8))
  }

  package init(decoding stored: [UInt8]) throws(FormatError) {
    let lines = try Sealer.openDocument(stored).split(separator: 0x0A, omittingEmptySubsequences: false)
    guard lines.count == 3, lines[2].isEmpty,
      lines[1].elementsEqual("sha256:\(ChunkID(of: Array(lines[0])))".utf8)
    else { throw FormatError(.checksum, "the repository's config does not match its checksum") }
    self = try Document.decode(Self.self, from: Array(lines[0]), called: "the repository's config")
    guard encryption == "none" else {
      throw FormatError(.unsupported, "the repository is of a newer version than this program knows")
    }
    try chunking.validate()
  }

  /// What somebody wants to do with a repository.
  package enum Use: Sendable { case read, write, delete }

  /// Refuses a use that needs a feature which this program does not know.
  package func require(_ use: Use) throws(FormatError) {
    let needed =
      switch use {
      case .read: features.read
      case .write: features.read + features.write
      case .delete: features.read + features.write + features.delete
      }
    guard needed.isEmpty else {
      throw FormatError(
        .unsupported,
        "the repository uses \(needed.joined(separator: ", ")), which this program does not know: use a newer one")
    }
  }
}
