/// What a snapshot of a Chroma directory holds, as its manifest records it.
public struct ChromaSummary: Codable, Hashable, Sendable {
  public struct Collection: Codable, Hashable, Sendable {
    public var tenant: String
    public var database: String
    public var name: String
    public var id: String
    /// `nil` where nothing was ever added.
    public var dimension: Int?
    /// `l2`, `cosine` or `ip`.
    public var distance: String
    public var records: Int64
    /// Records in the queue that the index does not hold yet.
    public var backlog: Int64
    public var settings: [String: String]
    /// Bytes of the index files.
    public var indexBytes: UInt64

    public init(
      tenant: String, database: String, name: String, id: String, dimension: Int?, distance: String, records: Int64,
      backlog: Int64, settings: [String: String], indexBytes: UInt64
    ) {
      self.tenant = tenant
      self.database = database
      self.name = name
      self.id = id
      self.dimension = dimension
      self.distance = distance
      self.records = records
      self.backlog = backlog
      self.settings = settings
      self.indexBytes = indexBytes
    }

    enum CodingKeys: String, CodingKey {
      case tenant, database, name, id, dimension, distance, records, backlog, settings
      case indexBytes = "index_bytes"
    }
  }

  /// The version of Chroma's tables.
  public var schema: String
  public var collections: [Collection]

  public init(schema: String, collections: [Collection]) {
    self.schema = schema
    self.collections = collections
  }

  public var records: Int64 { collections.reduce(0) { $0 + $1.records } }
}
