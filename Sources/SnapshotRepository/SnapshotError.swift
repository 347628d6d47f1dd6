package import ObjectStorage
public import SnapshotFormat
package import SystemIO
import SystemPackage

/// What went wrong, what to do next, and where.
///
/// The one error of the public library. The layers below have small ones of their own; each becomes one of these where a
/// repository or a verb can say what it means for the user.
public struct SnapshotError: Error, Sendable, CustomStringConvertible {
  /// A kind of failure; scripts see its raw value.
  public struct Code: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let noRepository = Code(rawValue: "no_repository")
    public static let repositoryExists = Code(rawValue: "repository_exists")
    public static let locked = Code(rawValue: "locked")
    public static let usage = Code(rawValue: "usage")
    public static let sourceMissing = Code(rawValue: "source_missing")
    public static let sourceUnreadable = Code(rawValue: "source_unreadable")
    public static let sourceBusy = Code(rawValue: "source_busy")
    public static let snapshotNotFound = Code(rawValue: "snapshot_not_found")
    public static let ambiguous = Code(rawValue: "ambiguous")
    public static let pathNotFound = Code(rawValue: "path_not_found")
    public static let damaged = Code(rawValue: "damaged")
    public static let unsupported = Code(rawValue: "unsupported")
    /// An archive that no honest program writes.
    public static let unsafeArchive = Code(rawValue: "unsafe_archive")
    public static let targetExists = Code(rawValue: "target_exists")
    public static let targetBusy = Code(rawValue: "target_busy")
    public static let clock = Code(rawValue: "clock")
    public static let protected = Code(rawValue: "protected")
    public static let condemned = Code(rawValue: "condemned")
    public static let noPermission = Code(rawValue: "no_permission")
    public static let noSpace = Code(rawValue: "no_space")
    public static let readOnly = Code(rawValue: "read_only")
    public static let cancelled = Code(rawValue: "cancelled")
    public static let failed = Code(rawValue: "failed")
  }

  public var code: Code
  /// What happened, in a sentence.
  public var message: String
  /// What to do next, in a sentence.
  public var hint: String?
  /// The pack that it happened in.
  public var pack: ChunkID?
  /// The chunk that it happened to.
  public var chunk: ChunkID?
  public var cause: (any Error)?

  public init(
    _ code: Code, _ message: String, hint: String? = nil, pack: ChunkID? = nil, chunk: ChunkID? = nil,
    cause: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.hint = hint
    self.pack = pack
    self.chunk = chunk
    self.cause = cause
  }

  public var description: String {
    var text = message
    if let pack { text += "\n  pack \(pack)" }
    if let chunk { text += "\n  chunk \(chunk)" }
    if let cause { text += "\n  cause: \(cause)" }
    if let hint { text += "\n  \(hint)" }
    return text
  }
}

extension SnapshotError {
  /// What a failed system call means for the user.
  package init(_ cause: SystemError, while doing: String) {
    let (code, hint): (Code, String?) =
      switch cause.errno {
      case .permissionDenied, .notPermitted:
        (.noPermission, "Run it as the owner, or give this user permission.")
      case .noSpace, .diskQuotaExceeded:
        (.noSpace, "Free some space, or choose another disk. Nothing that was complete is lost.")
      case .fileNameTooLong: (.failed, "Choose a place with a shorter path, or leave this out with --exclude.")
      case .readOnlyFileSystem: (.readOnly, "Mount the file system writable, or choose another place.")
      default: (.failed, nil)
      }
    self.init(code, "\(doing): \(cause)", hint: hint)
  }

  /// What a failed verb of the store means for the user.
  package init(_ cause: StoreError, while doing: String) {
    if let system = cause.cause {
      self.init(system, while: doing)
    } else {
      let code: Code = cause.code == .notFound || cause.code == .truncated ? .damaged : .failed
      self.init(code, "\(doing): \(cause)", hint: code == .damaged ? Self.runCheck : nil)
    }
  }

  /// What malformed bytes mean for the user.
  /// - Parameter subject: What they are, where the cause does not say.
  package init(_ cause: FormatError, in subject: String? = nil) {
    self.init(
      cause.code == .unsupported ? .unsupported : .damaged, subject.map { "\($0): \(cause)" } ?? "\(cause)",
      hint: cause.code == .unsupported ? "Use a newer chromasnap." : Self.runCheck)
  }

  package static let runCheck = "Run `chromasnap check --read-data` to see what is hurt, then `chromasnap repair`."

  package static let runRepair =
    "Run `chromasnap repair`: it mends what can be mended, and says which snapshots have lost something for good. "
    + "Remove those with `chromasnap forget`, then run this again."
}

/// Runs verbs of the store, and says what was being done where one fails.
package func storing<Result: ~Copyable>(
  _ doing: @autoclosure () -> String, _ body: () throws(StoreError) -> Result
) throws(SnapshotError) -> Result {
  do throws(StoreError) { return try body() } catch { throw SnapshotError(error, while: doing()) }
}

/// Runs system calls, and says what was being done where one fails.
package func calling<Result: ~Copyable>(
  _ doing: @autoclosure () -> String, _ body: () throws(SystemError) -> Result
) throws(SnapshotError) -> Result {
  do throws(SystemError) { return try body() } catch { throw SnapshotError(error, while: doing()) }
}

/// Decodes, and says what was being decoded where that fails.
package func decoding<Result: ~Copyable>(
  _ subject: @autoclosure () -> String, _ body: () throws(FormatError) -> Result
) throws(SnapshotError) -> Result {
  do throws(FormatError) { return try body() } catch { throw SnapshotError(error, in: subject()) }
}
