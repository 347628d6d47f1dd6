import GRDB
package import SnapshotFormat

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Fingerprints of the chunks of long files' segments, by the segment's id: telling by them that a chunk is what it was
/// takes a tenth of the time that its SHA-256 takes. They are made under a key that never leaves the catalogue.
extension Catalogue {
  package func fingerprintKey() throws(SnapshotError) -> LastingFingerprint.Key {
    let seed = try read { db in try Data.fetchOne(db, sql: "SELECT seed FROM secret") }
    guard let seed, seed.count == 32 else {
      throw SnapshotError(
        .failed, "the local catalogue has lost its key", hint: "Delete the cache folder: it is rebuilt by itself.")
    }
    return LastingFingerprint.Key(seed: [UInt8](seed))
  }

  /// One per chunk of the segment; none where they are not known.
  package func fingerprints(of segment: ChunkID) throws(SnapshotError) -> [LastingFingerprint] {
    try read { db in
      let statement = try db.cachedStatement(sql: "SELECT chunks FROM fingerprint WHERE segment = ?")
      let row = try Row.fetchOne(statement, arguments: [segment.data])
      return row.map { LastingFingerprint.decode([UInt8]($0[0] as Data)) } ?? []
    }
  }

  /// Notes the fingerprints of a segment, in the place of those of the one that it follows.
  package func record(
    _ fingerprints: [LastingFingerprint], of segment: ChunkID, insteadOf former: ChunkID?
  ) throws(SnapshotError) {
    try write { db in
      if let former {
        try db.cachedStatement(sql: "DELETE FROM fingerprint WHERE segment = ?").execute(arguments: [former.data])
      }
      try db.cachedStatement(sql: "INSERT OR REPLACE INTO fingerprint VALUES (?, ?)").execute(
        arguments: [segment.data, Data(LastingFingerprint.encode(fingerprints))])
    }
  }
}
