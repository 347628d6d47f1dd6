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

  /// Runs it to its end.
  /// - Returns: Its exit code, and what it said on both of its outputs.
  func run(_ arguments: [String], input: String = "") throws(SnapshotError) -> (code: Int32, text: String) {
    let environment = Platform.environment.filter { !$0.starts(with: Array("LC_ALL=".utf8)) } + [Array("LC_ALL=C".utf8)]
    let process = ChildProcess(
      ([program] + arguments).map { Arguments.bytes(of: $0) }, environment: environment, timeout: 60)
    return try calling("running \(program)") { () throws(SystemError) in
      let output = try Descriptor.holding([])
      let ending = try process.run(
        input: try Descriptor.holding(Array(input.utf8)), extra: try Descriptor(opening: "/dev/null"), output: output,
        errors: output)
      let text = String(decoding: try output.readAll(limit: 16 << 20), as: UTF8.self)
      switch ending {
      case .exited(let code): return (code, text)
      case .signalled(let number): return (128 + number, text)
      case .timedOut: return (124, text)
      }
    }
  }

  /// Runs it, and requires that it succeeds.
  func require(_ arguments: [String], input: String = "") throws(SnapshotError) {
    let (code, text) = try run(arguments, input: input)
    guard code == 0 else {
      let said = text.split(separator: "\n").joined(separator: "; ")
      throw SnapshotError(
        .failed, "`\(program) \(arguments.joined(separator: " "))` failed (exit code \(code)): \(said)",
        hint: "`chromasnap schedule show` prints what was to be installed.")
    }
  }
}
