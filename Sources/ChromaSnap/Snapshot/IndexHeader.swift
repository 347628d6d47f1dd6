import ChromaDB
import SystemIO
import SystemPackage

/// Whether a folder is an HNSW index, whose files are rewritten in place.
enum IndexHeader {
  static let name = Array(HNSWFile.header.rawValue.utf8)
  /// The files that are rewritten in place; the pickle is written anew.
  static let files = Set(HNSWFile.allCases.filter { $0 != .metadata }.map { Array($0.rawValue.utf8) })

  /// Whether a name is one of those that Chroma gives to the files of an index.
  static func isIndexFile(_ name: ArraySlice<UInt8>) -> Bool {
    HNSWFile(rawValue: String(decoding: name, as: UTF8.self)) != nil
  }

  /// Whether there is a header, and it is valid.
  static func isValid(at path: FilePath) -> Bool {
    guard let bytes = try? Descriptor(opening: path, .read, [.noFollow, .nonBlocking]).readAll(limit: 4096) else {
      return false
    }
    return HNSWHeader(bytes) != nil
  }
}
