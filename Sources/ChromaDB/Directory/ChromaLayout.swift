/// What a capture must know of the tables: whose they are, and which folders belong to them.
struct ChromaLayout: Hashable, Sendable {
  var schema: ChromaSchema
  /// The VECTOR segments: the names of the index folders in use.
  var segments: Set<String>

  /// - Returns: `nil` where the database is not Chroma's.
  static func read(_ connection: SQLiteConnection) throws(SQLiteError) -> ChromaLayout? {
    guard let schema = try ChromaSchema.read(connection) else { return nil }
    var layout = ChromaLayout(schema: schema, segments: [])
    var statement = try connection.prepare("SELECT id FROM segments WHERE scope = 'VECTOR'")
    while try statement.step() { layout.segments.insert(statement.text(0) ?? "") }
    return layout
  }
}
