public import SystemIO

/// That somebody ran a command on a repository: `audit/<yyyy-mm>/<time>-<id>`.
///
/// A JSON document; its id is the SHA-256 of its bytes. It is about the repository: forget leaves it, prune removes what is
/// older than ``lifetimeDays``.
public struct AuditEntry: Codable, VersionedDocument, Hashable, Sendable {
  public var version = 1
  /// When the command began.
  public var time: Timestamp
  /// Seconds.
  public var duration: Double
  public var command: String
  /// The arguments as they were given; what may hold a secret is left out of them.
  public var arguments: [String]
  public var hostname: String
  /// Who ran it: the name of the process's user.
  public var username: String
  /// Who became that user by sudo, as sudo says.
  public var sudoUser: String?
  public var exitCode: Int32
  /// The code of the error that ended it.
  public var error: String?
  /// What it was about. A run that stored nothing since nothing had changed names the snapshot that holds it all.
  public var snapshot: ChunkID?
  /// The directory that it was about, for people.
  public var source: String?
  /// The program that wrote it.
  public var program: String

  /// For how long entries stay, in days.
  public static let lifetimeDays = 400
  /// So many stay whatever their age: a wrong clock must not take the trail away.
  public static let alwaysKept = 1000

  public init(
    time: Timestamp, duration: Double, command: String, arguments: [String], hostname: String, username: String,
    sudoUser: String? = nil, exitCode: Int32, error: String? = nil, snapshot: ChunkID? = nil, source: String? = nil,
    program: String
  ) {
    self.time = time
    self.duration = duration
    self.command = command
    self.arguments = arguments
    self.hostname = hostname
    self.username = username
    self.sudoUser = sudoUser
    self.exitCode = exitCode
    self.error = error
    self.snapshot = snapshot
    self.source = source
    self.program = program
  }

  enum CodingKeys: String, CodingKey {
    case version, time, duration, command, arguments, hostname, username, error, snapshot, source, program
    case sudoUser = "sudo_user"
    case exitCode = "exit_code"
  }
}
