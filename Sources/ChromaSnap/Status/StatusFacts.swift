public import SnapshotFormat
public import SystemIO

/// What is known of a repository and its sources when somebody asks whether all is well: ``StatusReport`` decides.
public struct StatusFacts: Sendable {
  /// Something that was done once, and how it went.
  public struct Event: Hashable, Sendable {
    public var time: Timestamp
    public var ok: Bool

    public init(time: Timestamp, ok: Bool) {
      self.time = time
      self.ok = ok
    }
  }

  /// A collection of a Chroma directory.
  public struct Collection: Hashable, Sendable {
    public var id: String
    public var name: String
    public var records: Int64

    public init(id: String, name: String, records: Int64) {
      self.id = id
      self.name = name
      self.records = records
    }
  }

  /// A snapshot, as far as it matters here.
  public struct SnapshotFacts: Hashable, Sendable {
    public var id: ChunkID
    public var name: String
    /// When the data was as the snapshot holds it.
    public var time: Timestamp
    public var commitTime: Timestamp
    /// Bytes of all files.
    public var bytes: UInt64
    /// Bytes that it added to the repository.
    public var bytesStored: UInt64
    /// Of a Chroma directory whose tables could be read.
    public var collections: [Collection]?
    /// Whether it is of a Chroma directory.
    public var isChroma = true
    public var isComplete = true
    public var health = SnapshotHealth.unchecked
    /// Whether a check has found that not all of it can be restored.
    public var isHurt = false
    /// Whether what it has lost against the one before is intended.
    public var isAcknowledged = false

    public init(
      id: ChunkID, name: String, time: Timestamp, commitTime: Timestamp, bytes: UInt64, bytesStored: UInt64,
      collections: [Collection]?
    ) {
      self.id = id
      self.name = name
      self.time = time
      self.commitTime = commitTime
      self.bytes = bytes
      self.bytesStored = bytesStored
      self.collections = collections
    }

    /// Whether it can be relied on.
    public var isGood: Bool { isComplete && !isHurt && health != .damaged }
    public var records: Int64? { collections.map { $0.reduce(0) { $0 + $1.records } } }
  }

  /// What is known of one source.
  public struct Source: Hashable, Sendable {
    public var id: String
    /// For people.
    public var path: String
    /// The path's bytes, where they are not UTF-8.
    public var pathBase64: String?
    /// How many snapshots there are of it.
    public var snapshots: Int
    /// The newest ones, in their order.
    public var recent: [SnapshotFacts]
    /// The newest that can be relied on and is not from the future.
    public var lastGood: SnapshotFacts?
    /// When a later run last found that nothing had changed since `lastGood`, and stored nothing.
    public var confirmed: Timestamp?
    public var lastDrill: Event?

    public init(id: String, path: String, snapshots: Int, recent: [SnapshotFacts]) {
      self.id = id
      self.path = path
      self.snapshots = snapshots
      self.recent = recent
    }
  }

  public var now: Timestamp
  /// Bytes that may still be written to the repository's file system; `nil` where that can't be told.
  public var freeBytes: UInt64?
  /// Bytes of all chunks as they are stored.
  public var storedBytes: UInt64 = 0
  /// The last time that everything was read and found sound.
  public var lastCheck: Event?
  /// Packs in which damage was noted.
  public var damagedPacks = 0
  /// Snapshots of which not everything can be restored.
  public var hurtSnapshots = 0
  public var sources: [Source] = []

  public init(now: Timestamp) { self.now = now }
}
