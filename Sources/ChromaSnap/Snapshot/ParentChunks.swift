import SnapshotFormat

/// What the parent snapshot holds of one segment: where to look for a base.
struct ParentChunks {
  private var starts: [UInt64] = []
  private var chunks: [ChunkList.Child]
  /// By chunk; none where they are not known.
  private var fingerprints: [LastingFingerprint]
  /// What else is kept of the file, if it is cut at regions.
  var regions: CachedRegions?

  init(_ chunks: [ChunkList.Child], from start: UInt64, fingerprints: [LastingFingerprint] = []) {
    self.chunks = chunks
    self.fingerprints = fingerprints.count == chunks.count ? fingerprints : []
    starts.reserveCapacity(chunks.count)
    var offset = start
    for chunk in chunks {
      starts.append(offset)
      offset += chunk.length
    }
  }

  /// The lengths of the chunks from an offset on; none where no chunk begins there.
  func lengths(from offset: UInt64) -> some RandomAccessCollection<Int> {
    let at = starts.lastIndex(notAfter: offset)
    let first = at >= 0 && starts[at] == offset ? at : chunks.count
    return chunks[first...].lazy.map { Int($0.length) }
  }

  /// Whether the chunks can be told by their fingerprints.
  var hasFingerprints: Bool { !fingerprints.isEmpty }

  /// The chunk at exactly this place, where its fingerprint says that it still is what lies there.
  func unchanged(at offset: UInt64, length: Int, _ fingerprint: LastingFingerprint) -> ChunkID? {
    let at = starts.lastIndex(notAfter: offset)
    guard at >= 0, hasFingerprints, starts[at] == offset, chunks[at].length == UInt64(length),
      fingerprints[at] == fingerprint
    else { return nil }
    return chunks[at].id
  }

  /// A chunk to make a patch against, and how its bytes are told to be right faster than by their hash.
  struct Base {
    var id: ChunkID
    /// Bytes.
    var length: UInt64?
    var fingerprint: LastingFingerprint?
  }

  /// The chunk that begins where this one does, else the one that this one begins in.
  func base(at offset: UInt64) -> Base? {
    let at = starts.lastIndex(notAfter: offset)
    guard at >= 0, offset < starts[at] + chunks[at].length else { return nil }
    return Base(id: chunks[at].id, length: chunks[at].length, fingerprint: hasFingerprints ? fingerprints[at] : nil)
  }
}
