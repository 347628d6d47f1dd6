package import SystemIO

/// How a capture is to behave.
package struct CaptureOptions: Sendable {
  /// Insist that nobody has the directory open, and lock nothing.
  package var isOffline = false
  /// Take the folders of deleted collections too.
  package var includesOrphans = false
  package var limits = DatabaseHold.Limits()
  /// Holds that are given up because an index was being written, before the capture waits under the hold.
  package var triesMax = 20
  /// Bytes of changes that are set aside under a hold, of the database and of each index folder, before the hold is
  /// given up for reading them without it.
  package var heldBytesMax: UInt64 = 256 << 20
  /// A database that has changed since the first pass is read again before the hold if it is longer than this, up to
  /// `freePassesMax` times, until a pass finds no more than `settledBytes` changed, or not half as much as the one before.
  package var freePassBytes: UInt64 = 16 << 20
  package var freePassesMax = 3
  package var settledBytes: UInt64 = 16 << 20
  /// Seconds between two tries: a persist that has just ended records how far it came.
  package var pause = 0.15
  /// Seconds that an index may take to come to rest under the hold.
  package var restMax = 12.0
  /// Seconds after which index files out of order are taken as they are: a copied directory's, or a crash's.
  package var abandonedAfter = 10.0
  /// Whether files out of order in a directory that no process has open are no rewrite under way either.
  package var looksForUsers = true
  package init() {}
}

/// Something that whoever relies on the snapshot should know.
package struct CaptureWarning: Hashable, Sendable {
  package enum Code: String, Sendable {
    case orphanFolder = "orphan_folder"
    case bloatedFile = "bloated_file"
    /// The database is not Chroma's, or so damaged that its tables can't be read.
    case notChroma = "not_chroma"
    /// A later version of Chroma than is known.
    case unknownVersion = "unknown_version"
    /// A crashed writer's transaction is rolled back in the snapshot.
    case recoveredJournal = "recovered_journal"
    /// A log that was left over is folded into the database in the snapshot.
    case recoveredLog = "recovered_log"
    /// Processes that can't be looked into may use the directory.
    case hiddenProcesses = "hidden_processes"
  }
  package var code: Code
  package var message: String
  /// Within the directory.
  package var path: String?

  package init(_ code: Code, _ message: String, path: String? = nil) {
    self.code = code
    self.message = message
    self.path = path
  }
}

/// How a capture went.
package struct CaptureReport: Sendable {
  /// Seconds of the hold that counted.
  package var holdSeconds = 0.0
  /// Seconds of the longest hold, given up ones included.
  package var longestHoldSeconds = 0.0
  /// Seconds of waiting for others' locks.
  package var waitSeconds = 0.0
  /// Holds taken.
  package var tries = 0
  package var condition = DatabaseCondition.rollbackJournal
  /// When the data was as the snapshot holds it: the start of the hold that counted.
  package var time = Timestamp.now
  /// `nil`: not Chroma's.
  package var schema: ChromaSchema?
  package var databaseReadAgain = false
  /// How often the database was read again before the hold.
  package var freePasses = 0
  /// Index folders that were read again, under the hold or before it.
  package var foldersReadAgain = 0
  /// Index folders that were waited for under the hold.
  package var foldersAwaited = 0
  /// Folders of deleted collections, left out or not.
  package var orphans: [String] = []
  package var warnings: [CaptureWarning] = []
}

/// A capture that failed: by what it found, or in its sink.
package enum CaptureFailure<SinkFailure: Error>: Error {
  case chroma(ChromaError)
  case sink(SinkFailure)
}
