/// The settings of a collection's HNSW index, wherever its version of Chroma keeps them: `schema_str` (1.x),
/// `config_json_str` (1.0, 0.5, 0.6) and `collection_metadata` (all up to 0.6, and before the others).
enum HNSWSettings {
  /// Where each place calls a setting something else than Chroma 1.x does.
  private static let names = ["M": "max_neighbors", "construction_ef": "ef_construction", "search_ef": "ef_search"]

  static func read(
    _ connection: SQLiteConnection, collection: String, configuration: String?, schema: String?
  ) throws(SQLiteError) -> [String: String] {
    var settings: [String: String] = [:]
    if let configuration {
      try merge(connection, configuration, "$.hnsw_configuration", &settings)
      try merge(connection, configuration, "$.hnsw", &settings)
    }
    var statement = try connection.prepare(
      """
      SELECT substr(key, 6), coalesce(str_value, int_value, float_value) FROM collection_metadata
      WHERE collection_id = ? AND key LIKE 'hnsw:%'
      """)
    try statement.bind(collection, at: 1)
    while try statement.step() { set(statement.text(0), statement.text(1), in: &settings) }
    if let schema {
      let vectorIndex = "$.keys.\"#embedding\".float_list.vector_index.config"
      try merge(connection, schema, vectorIndex, &settings)
      try merge(connection, schema, vectorIndex + ".hnsw", &settings)
    }
    return settings
  }

  private static func set(_ name: String?, _ value: String?, in settings: inout [String: String]) {
    guard let name, let value, name != "_type" else { return }
    settings[names[name] ?? name] = value
  }

  /// Takes the plain values of the object at `path`.
  private static func merge(
    _ connection: SQLiteConnection, _ json: String, _ path: String, _ settings: inout [String: String]
  ) throws(SQLiteError) {
    var statement = try connection.prepare(
      """
      SELECT key, value FROM json_each(CASE WHEN json_valid(?1) THEN ?1 ELSE '{}' END, ?2)
      WHERE type IN ('text', 'integer', 'real') AND key <> 'source_key'
      """)
    try statement.bind(json, at: 1)
    try statement.bind(path, at: 2)
    while try statement.step() { set(statement.text(0), statement.text(1), in: &settings) }
  }
}
