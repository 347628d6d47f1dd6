package import SystemIO

/// A write-once record about a snapshot or the repository: `notes/<yyyy-mm>/<time>-<id>`.
///
/// A JSON document; its id is the SHA-256 of its bytes. A snapshot's notes go when forget removes the snapshot.
package struct Note: Codable, VersionedDocument, Hashable, Sendable {
  /// A kind of note. Later programs may know more of them: whoever does not know a note's kind passes over it.
  package struct Kind: RawRepresentable, Codable, Hashable, Sendable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    /// `value` true pins the snapshot, false unpins it. The highest sequence counts.
    package static let pin = Kind(rawValue: "pin")
    /// Chunks found damaged: `chunks` in `pack` are unknown from now on. Without chunks: the pack can't be read at all.
    /// With none: only its header is damaged.
    package static let damage = Kind(rawValue: "damage")
    /// The whole repository was read and found sound, or not (`value`).
    package static let check = Kind(rawValue: "check")
    /// `value` true: a check found that not all of the snapshot can be restored; false: that it can again. The highest
    /// sequence counts.
    package static let hurt = Kind(rawValue: "hurt")
    /// `value` true: Chroma would open the snapshot and find every record; false: `text` says what is wrong. The highest
    /// sequence counts.
    package static let health = Kind(rawValue: "health")
    /// `value` true: the snapshot was restored to a scratch folder and examined there without a fault; false: `text` says
    /// what was wrong. The highest sequence counts.
    package static let drill = Kind(rawValue: "drill")
    /// `value` true: this snapshot's collapse against the one before it is intended.
    package static let acknowledged = Kind(rawValue: "acknowledged")
    /// `file`, of `bytes` bytes, lies in the repository's folder: a ZIP of the snapshot, which goes with it.
    package static let zip = Kind(rawValue: "zip")
  }

  package var version = 1
  package var kind: Kind
  package var time: Timestamp
  /// Orders notes of one kind about one thing.
  package var sequence: UInt64 = 0
  package var snapshot: ChunkID?
  package var value: Bool?
  package var pack: ChunkID?
  package var chunks: [ChunkID]?
  package var text: String?
  /// How long it took.
  package var seconds: Double?
  /// A file's name in the repository's folder.
  package var file: String?
  package var bytes: UInt64?

  package init(
    kind: Kind, time: Timestamp, sequence: UInt64 = 0, snapshot: ChunkID? = nil, value: Bool? = nil,
    pack: ChunkID? = nil, chunks: [ChunkID]? = nil, text: String? = nil, seconds: Double? = nil,
    file: String? = nil, bytes: UInt64? = nil
  ) {
    self.kind = kind
    self.time = time
    self.sequence = sequence
    self.snapshot = snapshot
    self.value = value
    self.pack = pack
    self.chunks = chunks
    self.text = text
    self.seconds = seconds
    self.file = file
    self.bytes = bytes
  }
}
