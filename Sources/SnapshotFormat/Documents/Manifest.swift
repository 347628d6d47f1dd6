public import SystemIO

/// One snapshot: what it is of, when, and where its tree begins. Writing it is what makes the snapshot exist.
///
/// A JSON document; its id is the SHA-256 of its bytes, its object's name `snapshots/<yyyy-mm>/<commit time>-<id>.json`.
/// Fields are only ever added; a reader ignores those that it does not know.
public struct Manifest: Codable, VersionedDocument, Hashable, Sendable {
  /// What was snapshotted.
  public struct Source: Codable, Hashable, Sendable {
    /// Names the source for good: its path may move, and a container's host name changes with every run.
    public var id: String
    /// For people; bytes that are not UTF-8 are replaced in it.
    public var path: String
    /// The path's bytes, where they are not UTF-8.
    public var pathBase64: String?
    public var kind: Kind
    /// The inode of the source's folder: tells a moved host name from another source at the same path.
    public var inode: UInt64

    public enum Kind: String, Codable, Sendable { case chroma, directory }

    public init(id: String, path: String, pathBase64: String?, kind: Kind, inode: UInt64) {
      self.id = id
      self.path = path
      self.pathBase64 = pathBase64
      self.kind = kind
      self.inode = inode
    }

    enum CodingKeys: String, CodingKey {
      case id, path, kind, inode
      case pathBase64 = "path_base64"
    }
  }

  /// Counts of what the snapshot holds and what it cost.
  public struct Statistics: Codable, Hashable, Sendable {
    public var files = 0
    public var directories = 0
    public var symbolicLinks = 0
    /// Sockets, FIFOs, devices and what could not be read.
    public var skipped = 0
    /// Bytes of all files.
    public var totalBytes: UInt64 = 0
    /// Bytes that the snapshot added to the repository's packs.
    public var bytesStored: UInt64 = 0

    public init() {}

    enum CodingKeys: String, CodingKey {
      case files, directories, skipped
      case symbolicLinks = "symbolic_links"
      case totalBytes = "total_bytes"
      case bytesStored = "bytes_stored"
    }
  }

  /// Of an imported backup: what it was.
  public struct Import: Codable, Hashable, Sendable {
    /// The name of its file, for people.
    public var file: String
    /// Names its content: the same backup is not imported twice.
    public var digest: ChunkID

    public init(file: String, digest: ChunkID) {
      self.file = file
      self.digest = digest
    }
  }

  public var version = 1
  public var name: String
  public var source: Source
  public var hostname: String
  public var username: String
  /// When the data was as the snapshot holds it. For display and for `--as-of`; an import carries an old one.
  public var time: Timestamp
  public var commitTime: Timestamp
  /// The parent's + 1: the order of a source's snapshots, which no clock can confuse. An imported backup that is older than
  /// what is there has its parent's, or 0.
  public var sequence: UInt64
  public var parent: ChunkID?
  /// A tree with one entry, `.`: the source's own folder.
  public var tree: Content
  /// The packs that this snapshot added.
  public var packs: [ChunkID]
  public var statistics: Statistics
  public var tags: [String]
  public var description: String
  /// The patterns that left things out.
  public var excludes: [String]
  /// Whether everything that should be in it is.
  public var complete: Bool
  /// Of a Chroma directory whose tables could be read: what is in it.
  public var chroma: ChromaSummary?
  /// Of a repaired snapshot: the one that it replaces.
  public var repairs: ChunkID?
  /// Of an imported backup: what it was.
  public var imported: Import?
  /// The program that wrote it.
  public var program: String

  public init(
    name: String, source: Source, hostname: String, username: String, time: Timestamp, commitTime: Timestamp,
    sequence: UInt64, parent: ChunkID?, tree: Content, packs: [ChunkID], statistics: Statistics, tags: [String],
    description: String, excludes: [String], complete: Bool, repairs: ChunkID? = nil, program: String
  ) {
    self.name = name
    self.source = source
    self.hostname = hostname
    self.username = username
    self.time = time
    self.commitTime = commitTime
    self.sequence = sequence
    self.parent = parent
    self.tree = tree
    self.packs = packs
    self.statistics = statistics
    self.tags = tags
    self.description = description
    self.excludes = excludes
    self.complete = complete
    self.repairs = repairs
    self.program = program
  }

  enum CodingKeys: String, CodingKey {
    case version, name, source, hostname, username, time, sequence, parent, tree, packs, statistics, tags, description
    case excludes, complete, repairs, imported, program, chroma
    case commitTime = "commit_time"
  }
}
