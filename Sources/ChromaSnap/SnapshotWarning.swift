/// Something that a verb met and that did not stop it.
public struct SnapshotWarning: Hashable, Sendable {
  public enum Code: String, Sendable {
    /// A file or folder that may not be read, or could not be: it is not in the snapshot.
    case unreadable
    /// A socket, a FIFO or a device: it is not in the snapshot.
    case unsupportedKind = "unsupported_kind"
    /// A file that changed while it was read, twice: it may be torn.
    case changedWhileRead = "changed_while_read"
    /// A file that went between the listing and the reading.
    case vanished
    /// The newest snapshot is from the future: somebody's clock is or was wrong.
    case clock
    /// Something could not be given back its owner, attributes or times.
    case metadata
    /// Something that should be in the repository is not.
    case damaged
  }

  public var code: Code
  public var message: String
  /// The path's bytes, relative to the source.
  public var path: [UInt8]?

  public init(_ code: Code, _ message: String, path: [UInt8]? = nil) {
    self.code = code
    self.message = message
    self.path = path
  }

  /// Whether something that should be in the snapshot is missing because of it.
  public var leavesOut: Bool { code == .unreadable || code == .unsupportedKind || code == .damaged }
}
