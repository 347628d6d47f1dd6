import SnapshotRepository
import SystemIO
import SystemPackage

/// A program of the system that keeps schedules: `crontab`, `systemctl`, `launchctl`.
struct SystemTool: Sendable {
  let program: String

  /// - Parameter variable: A variable of the environment that names another program to run in its place.
  init(_ name: String, variable: String? = nil) { program = variable.flatMap(Environment.value) ?? name }

  /// Whether it is there.
  var exists: Bool {
    if program.contains("/") { return FileStatus.exists(FilePath(program)) }
    let places = Environment.value("PATH") ?? "/usr/bin:/bin"
    return places.split(separator: ":").contains { FileStatus.exists(FilePath(String($0)).appending(program)) }
  }

  /// What a run of it left.
  struct Ending: Sendable {
    var code: Int32
    var output: [UInt8]
    var errors: [UInt8]

    /// What it said on both of its outputs, in one line.
    var said: String {
      (errors + output).split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        .joined(separator: "; ")
    }
  }

  /// Runs it to its end.
  func run(_ arguments: [String], input: [UInt8] = []) throws(SnapshotError) -> Ending {
    let process = ChildProcess(
      ([program] + arguments).map { Arguments.bytes(of: $0) }, environment: Environment.with([("LC_ALL", "C")]),
      timeout: 60)
    return try calling("running \(program)") { () throws(SystemError) in
      let output = try Descriptor.holding([])
      let errors = try Descriptor.holding([])
      let ending = try process.run(
        input: try Descriptor.holding(input), extra: try Descriptor(opening: "/dev/null"), output: output,
        errors: errors)
      let code: Int32 =
        switch ending {
        case .exited(let code): code
        case .signalled(let number): 128 + number
        case .timedOut: 124
        }
      return Ending(
        code: code, output: try output.readAll(limit: 16 << 20), errors: try errors.readAll(limit: 16 << 20))
    }
  }

  /// Runs it, and requires that it succeeds.
  /// - Parameter hint: What somebody can do where it does not.
  func require(
    _ arguments: [String], input: [UInt8] = [],
    hint: String = "`chromasnap schedule show` prints what was to be installed."
  ) throws(SnapshotError) {
    let ending = try run(arguments, input: input)
    guard ending.code == 0 else {
      throw SnapshotError(
        .failed, "`\(program) \(arguments.joined(separator: " "))` failed (exit code \(ending.code)): \(ending.said)",
        hint: hint)
    }
  }
}
