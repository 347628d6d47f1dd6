/// What `index_metadata.pickle` tells of an index, without its strings.
package struct IndexMetadata: Sendable {
  /// Numbers per vector, where it says so.
  package var dimension: Int64?
  /// The last log record in the index; only Chroma 0.4 keeps it here.
  package var sequenceNumber: Int64?
  /// A hash of each record's id, in the order of the file.
  package var idHashes: [UInt64] = []
  /// The label of each, in the same order.
  package var labels: [UInt64] = []
  /// Whether the map from labels to ids is the inverse of the one from ids to labels.
  package var mapsAgree = true
}

/// Hashes record ids, equally within one run of the program and unpredictably between runs.
struct IDHasher {
  /// SipHash under the process's random key (the standard library's hasher).
  static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hasher = Hasher()
    unsafe hasher.combine(bytes: bytes)
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }
}
