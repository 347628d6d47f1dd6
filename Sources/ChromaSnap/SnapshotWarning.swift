/// Something that a verb met and that did not stop it.
public struct SnapshotWarning: Hashable, Sendable {
  /// A kind of warning; scripts see its raw value.
  public struct Code: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A file or folder that may not be read, or could not be: it is not in the snapshot.
    public static let unreadable = Code(rawValue: "unreadable")
    /// A socket, a FIFO or a device: it is not in the snapshot.
    public static let unsupportedKind = Code(rawValue: "unsupported_kind")
    /// A file that changed while it was read, twice: it may be torn.
    public static let changedWhileRead = Code(rawValue: "changed_while_read")
    /// A file that went between the listing and the reading.
    public static let vanished = Code(rawValue: "vanished")
    /// The newest snapshot is from the future: somebody's clock is or was wrong.
    public static let clock = Code(rawValue: "clock")
    /// Something could not be given back its owner, attributes or times.
    public static let metadata = Code(rawValue: "metadata")
    /// What was saved is damaged in itself: Chroma would not find everything.
    public static let damagedSource = Code(rawValue: "damaged_source")
    /// The examination of a snapshot took too long or failed, or its verdict could not be noted.
    public static let unexamined = Code(rawValue: "unexamined")
    /// Something that should be in the repository is not.
    public static let damaged = Code(rawValue: "damaged")
    /// Of an imported backup: files that lie beside the directory.
    public static let outside = Code(rawValue: "outside")
    /// Of an imported backup: a collection holds another number of records than was written down.
    public static let countMismatch = Code(rawValue: "count_mismatch")
    /// Of an export: something of the snapshot that its ZIP does not hold.
    public static let leftOut = Code(rawValue: "left_out")
    /// The snapshot is there, its ZIP is not.
    public static let noZip = Code(rawValue: "no_zip")
    /// The snapshot is there, but old ones could not be removed.
    public static let noCleanup = Code(rawValue: "no_cleanup")
    /// What a restore replaced is kept though that was not wanted: nothing else holds all of it.
    public static let undoKept = Code(rawValue: "undo_kept")
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

extension SnapshotWarning {
  /// A warning that ends the reading of one file.
  struct Failure: Error { var warning: SnapshotWarning }
}
