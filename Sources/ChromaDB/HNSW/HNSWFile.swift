/// The files of a collection's HNSW index, in the order in which Chroma writes them when it persists.
package enum HNSWFile: String, CaseIterable, Sendable {
  case header = "header.bin"
  case data = "data_level0.bin"
  case lengths = "length.bin"
  case links = "link_lists.bin"
  /// The only map between record ids and the labels of the others; written last.
  case metadata = "index_metadata.pickle"

  /// Bytes; what is larger is no header.
  static let headerSizeMax: UInt64 = 4096
}
