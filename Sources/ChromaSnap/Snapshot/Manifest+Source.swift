import SnapshotFormat
import SystemIO
import SystemPackage

extension Manifest.Source {
  /// The path, from its bytes.
  var location: FilePath { FilePath(bytes: pathBase64.flatMap(Base64.decode) ?? Array(path.utf8)) }

  /// Whether this is its path, byte for byte.
  func hasPath(_ path: FilePath) -> Bool { location.bytes == path.bytes }
}
