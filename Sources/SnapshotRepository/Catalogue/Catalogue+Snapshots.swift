import GRDB
package import SnapshotFormat
import SystemIO

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Catalogue {
  /// Which snapshots to read.
  package enum SnapshotFilter: Sendable {
    case all
    case ofSource(String)
    case named(String)
    /// Of a source at this path, by whatever id.
    case atPath(String)
    /// By the first digits of the id.
    case withPrefix(String)
    /// Whose manifest holds this text somewhere. O(bytes of all manifests), but nothing is decoded on the way.
    case mentioning(String)
  }

  /// How snapshots are put in order.
  package enum SnapshotOrder: String, Sendable {
    /// By sequence, then the data's time (which orders imported backups), commit time, and id: that of one source.
    case ofSource = "sequence DESC, time DESC, commit_time DESC, id DESC"
    /// The same backwards: the last in this order is the first of a source.
    case ofSourceBackwards = "sequence, time, commit_time, id"
    case byCommit = "commit_time DESC, id DESC"
    /// By the data's time.
    case byTime = "time DESC, id DESC"
  }

  /// Snapshots, the first in the order first.
  /// - Parameters:
  ///   - newest: At most this many, the last ones of the order.
  ///   - skipped: Without so many of the very last.
  package func snapshots(
    _ filter: SnapshotFilter = .all, newest limit: Int? = nil, skipping skipped: Int = 0,
    order: SnapshotOrder = .ofSource
  ) throws(SnapshotError) -> [Snapshot] {
    let rows = try read { db in
      var condition = ""
      var arguments: StatementArguments = []
      switch filter {
      case .all: break
      case .ofSource(let id): (condition, arguments) = ("WHERE source = ?", [id])
      case .named(let name): (condition, arguments) = ("WHERE name = ?", [name])
      case .atPath(let path): (condition, arguments) = ("WHERE path = ?", [path])
      case .withPrefix(let digits):
        let low = parseHexadecimal(digits + String(repeating: "0", count: 64 - digits.count)) ?? []
        let high = parseHexadecimal(digits + String(repeating: "f", count: 64 - digits.count)) ?? []
        (condition, arguments) = ("WHERE id >= ? AND id <= ?", [Data(low), Data(high)])
      case .mentioning(let text): (condition, arguments) = ("WHERE instr(document, ?) > 0", [Data(text.utf8)])
      }
      arguments += [limit ?? -1, skipped]
      return try Row.fetchAll(
        db, sql: "SELECT id, document FROM snapshot \(condition) ORDER BY \(order.rawValue) LIMIT ? OFFSET ?",
        arguments: arguments
      ).map { row in (ChunkID(column: try row.decode(atIndex: 0)), [UInt8](try row.decode(Data.self, atIndex: 1))) }
    }
    var result: [Snapshot] = []
    result.reserveCapacity(rows.count)
    // Decoding is what takes its time: a tenth of a millisecond each.
    let decoded = parallelMap(rows.reversed()) { row in
      Result { () throws(SnapshotError) in try snapshot(row.0, row.1) }
    }
    for snapshot in decoded { result.append(try snapshot.get()) }
    return result
  }

  /// The name, with `-2`, `-3`, … at its end where it is taken.
  func freeName(_ name: String) throws(SnapshotError) -> String {
    var candidate = name
    var number = 2
    while try !snapshots(.named(candidate), newest: 1).isEmpty {
      candidate = "\(name)-\(number)"
      number += 1
    }
    return candidate
  }

  /// The newest snapshot of the source at a path, in whatever repository order, that fits. Decodes only as far back.
  package func newest(
    atPath path: String, where fits: (Snapshot) -> Bool
  ) throws(SnapshotError) -> Snapshot? {
    var step = 1
    var seen = 0
    while true {
      let found = try snapshots(.atPath(path), newest: step, skipping: seen)
      if let snapshot = found.last(where: fits) { return snapshot }
      if found.count < step { return nil }
      seen += found.count
      step = min(step * 8, 512)
    }
  }

  /// A manifest or a note as it was when its object was read.
  func document(_ object: String) throws(SnapshotError) -> [UInt8]? {
    try read { db in
      try Data.fetchOne(
        db,
        sql: "SELECT document FROM snapshot WHERE object = ? UNION ALL SELECT document FROM note WHERE object = ?",
        arguments: [object, object])
    }.map { [UInt8]($0) }
  }

  /// The object of a manifest or a note.
  func object(of id: ChunkID) throws(SnapshotError) -> String? {
    try read { db in
      try String.fetchOne(
        db, sql: "SELECT object FROM snapshot WHERE id = ? UNION ALL SELECT object FROM note WHERE id = ?",
        arguments: [id.data, id.data])
    }
  }

  private func snapshot(_ id: ChunkID, _ document: [UInt8]) throws(SnapshotError) -> Snapshot {
    try prove(document, id)
    return try decoding("the manifest of snapshot \(id.short)") { () throws(FormatError) in
      Snapshot(id: id, manifest: try Document.decode(Manifest.self, from: document, called: "it"))
    }
  }

  package func hasSnapshot(_ id: ChunkID) throws(SnapshotError) -> Bool {
    try read { db in
      try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM snapshot WHERE id = ?)", arguments: [id.data]) ?? false
    }
  }

  /// The names of a month's manifests or notes within their folder, sorted.
  package func names(in folder: String, of table: DocumentTable) throws(SnapshotError) -> [String] {
    try read { db in
      try String.fetchAll(
        db,
        sql: "SELECT substr(object, ?) FROM \(table.rawValue) WHERE object >= ? AND object < ? ORDER BY object",
        arguments: [folder.utf8.count + 2, folder + "/", folder + "0"])
    }
  }

  package enum DocumentTable: String, Sendable { case snapshot, note }

  package func remove(objects names: some Collection<String> & Sendable, of table: DocumentTable) throws(SnapshotError)
  {
    guard !names.isEmpty else { return }
    try write { db in
      let statement = try db.cachedStatement(sql: "DELETE FROM \(table.rawValue) WHERE object = ?")
      var changes = FolderChanges()
      for name in names {
        try statement.execute(arguments: [name])
        if db.changesCount > 0 { changes.remove(name) }
      }
      try changes.record(db)
    }
  }

  /// A manifest or a note with what it is called and its bytes.
  package typealias StoredDocument<Value> = (value: Value, object: String, document: [UInt8])

  /// Adds snapshots, all at once.
  package func add(snapshots: [StoredDocument<Snapshot>]) throws(SnapshotError) {
    guard !snapshots.isEmpty else { return }
    try write { db in
      let statement = try db.cachedStatement(sql: "INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
      var changes = FolderChanges()
      for (snapshot, object, document) in snapshots {
        let manifest = snapshot.manifest
        try statement.execute(arguments: [
          snapshot.id.data, object, manifest.source.id, manifest.source.path, Int64(clamping: manifest.sequence),
          manifest.commitTime.rfc3339, manifest.time.rfc3339, manifest.name, Data(document),
        ])
        for pack in manifest.packs { try Self.markDurable(pack, db) }
        changes.add(object)
      }
      try changes.record(db)
    }
  }

  // MARK: Notes

  /// Adds notes, all at once.
  package func add(notes: [StoredDocument<(id: ChunkID, note: Note)>]) throws(SnapshotError) {
    guard !notes.isEmpty else { return }
    try write { db in
      let statement = try db.cachedStatement(sql: "INSERT OR REPLACE INTO note VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      var changes = FolderChanges()
      for ((id, note), object, document) in notes {
        try statement.execute(arguments: [
          id.data, object, note.kind.rawValue, note.snapshot?.data, Int64(clamping: note.sequence),
          note.time.rfc3339, note.value, Data(document),
        ])
        changes.add(object)
      }
      try changes.record(db)
    }
  }

  /// What the last note of a kind says about each snapshot that has one. Decodes no note.
  /// - Parameter snapshots: `nil` for all.
  package func verdicts(
    _ kind: Note.Kind, about snapshots: [ChunkID]? = nil
  ) throws(SnapshotError) -> [ChunkID: Bool] {
    // A list of parameters has its limits; above this nearly all are meant.
    let wanted = snapshots.flatMap { $0.count <= 500 ? $0.map(\.data) : nil }
    let marks = wanted.map { "AND snapshot IN (\($0.map { _ in "?" }.joined(separator: ",")))" } ?? ""
    return try read { db in
      var verdicts: [ChunkID: Bool] = [:]
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT snapshot, value FROM note WHERE kind = ? AND snapshot IS NOT NULL AND value IS NOT NULL \(marks)
          ORDER BY sequence, time, id
          """, arguments: StatementArguments([kind.rawValue]) + StatementArguments(wanted ?? []))
      while let row = try rows.next() {
        verdicts[ChunkID(column: try row.decode(atIndex: 0))] = try row.decode(Bool.self, atIndex: 1)
      }
      return verdicts
    }
  }

  /// The names of all notes about some snapshots.
  package func noteObjects(about snapshots: [ChunkID]) throws(SnapshotError) -> [String] {
    try read { db in
      let statement = try db.cachedStatement(sql: "SELECT object FROM note WHERE snapshot = ?")
      return try snapshots.flatMap { try String.fetchAll(statement, arguments: [$0.data]) }
    }
  }

  /// The names of all notes about snapshots that are no more.
  package func noteObjectsAboutNobody() throws(SnapshotError) -> [String] {
    try read { db in
      try String.fetchAll(
        db,
        sql: "SELECT object FROM note WHERE snapshot IS NOT NULL AND snapshot NOT IN (SELECT id FROM snapshot)")
    }
  }

  /// A note with the name of its object.
  package struct StoredNote: Hashable, Sendable {
    package var object: String
    package var note: Note
  }

  /// The notes of a kind, or about a snapshot, by sequence and time.
  package func notes(
    _ kind: Note.Kind? = nil, about snapshot: ChunkID? = nil
  ) throws(SnapshotError) -> [StoredNote] {
    let rows = try read { db in
      var conditions: [String] = []
      var arguments: StatementArguments = []
      if let kind {
        conditions.append("kind = ?")
        arguments += [kind.rawValue]
      }
      if let snapshot {
        conditions.append("snapshot = ?")
        arguments += [snapshot.data]
      }
      let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
      return try Row.fetchAll(
        db, sql: "SELECT object, document, id FROM note \(condition) ORDER BY sequence, time, id", arguments: arguments
      ).map { row in
        (
          try row.decode(String.self, atIndex: 0), [UInt8](try row.decode(Data.self, atIndex: 1)),
          ChunkID(column: try row.decode(atIndex: 2))
        )
      }
    }
    var result: [StoredNote] = []
    for (object, document, id) in rows {
      try prove(document, id)
      result.append(
        try decoding(object) { () throws(FormatError) in
          StoredNote(object: object, note: try Document.decode(Note.self, from: document, called: "it"))
        })
    }
    return result
  }
}
