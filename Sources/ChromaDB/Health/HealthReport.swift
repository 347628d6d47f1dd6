/// What the offline check of a Chroma directory found.
package struct HealthReport: Hashable, Sendable {
  package enum Verdict: String, Sendable { case good, damaged }

  package struct Problem: Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
      /// `chroma.sqlite3` is missing, or is no database.
      case database
      /// SQLite's own check found damage.
      case sqliteDamage = "sqlite_damage"
      /// The tables are not Chroma's, or a collection lacks a segment.
      case schema
      /// The structure of the HNSW files is damaged.
      case hnsw
      /// A folder of HNSW files is missing though the log no longer holds its records.
      case missingIndex = "missing_index"
      /// The HNSW index and the tables do not hold the same records.
      case recordMismatch = "record_mismatch"
      /// The log lacks records that the index or the tables need.
      case logGap = "log_gap"
      /// A vector or a document that was read back is not what it should be.
      case sample
    }

    package var code: Code
    package var message: String
    /// The collection's name.
    package var collection: String?
    /// Within the directory.
    package var path: String?

    package init(_ code: Code, _ message: String, collection: String? = nil, path: String? = nil) {
      self.code = code
      self.message = message
      self.collection = collection
      self.path = path
    }

    /// The message, and which collection it is about.
    package var description: String { collection.map { "collection \($0): \(message)" } ?? message }
  }

  package var problems: [Problem]
  /// How many records each collection's tables hold, by its id; `nil` where they can't be read.
  package var records: [String: Int64]?
  /// Seconds that the check took.
  package var duration: Double

  package var verdict: Verdict { problems.isEmpty ? .good : .damaged }
}
