import Foundation

/// Why a benchmark ends.
struct BenchmarkError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// A program with its arguments, and where it runs.
struct Command {
  var arguments: [String]
  var folder: String
  /// Beside those that the benchmark itself was given.
  var environment: [String: String] = [:]

  /// What it took.
  struct Usage: Codable {
    /// Seconds by the clock.
    var wall: Double
    /// Seconds of processors, of the program and of what it waited for.
    var cpu: Double
    /// The most memory that was resident, in bytes.
    var peak: Int
  }

  init(_ arguments: [String], in folder: String, environment: [String: String] = [:]) {
    self.arguments = arguments
    self.folder = folder
    self.environment = environment
  }

  /// Steps that a shell joins; it stops at the first that fails.
  static func shell(_ script: String, _ arguments: String...) -> [String] {
    ["sh", "-ec", script, "sh"] + arguments
  }

  /// Runs it and waits for it.
  /// - Parameter log: The file that takes what it says.
  @discardableResult
  func run(log: String, mayFail: Bool = false) throws -> Usage {
    let usage = log == "/dev/null" ? NSTemporaryDirectory() + "/usage-\(getpid())" : log + ".usage"
    defer { unlink(usage) }
    let output = try Self.log(log)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.launcher)
    process.arguments = [usage] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    try process.run()
    process.waitUntilExit()
    let fields = (try? String(contentsOfFile: usage, encoding: .utf8))?.split(separator: " ") ?? []
    guard process.terminationStatus == 0, fields.count == 4, let wall = Double(fields[0]), let cpu = Double(fields[1]),
      let peak = Int(fields[2]), let code = Int(fields[3].dropLast())
    else { throw BenchmarkError("\(arguments[0]) could not be started") }
    guard code == 0 || mayFail else {
      let said = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
      throw BenchmarkError("\(arguments.joined(separator: " ")) ended with \(code):\n\(said.suffix(2000))")
    }
    return Usage(wall: wall, cpu: cpu, peak: peak)
  }

  /// A new file for what a program says. FileManager would put one in the place of /dev/null.
  static func log(_ path: String) throws -> FileHandle {
    let raw = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard raw >= 0 else { throw BenchmarkError("\(path) can't be written") }
    return FileHandle(fileDescriptor: raw, closeOnDealloc: true)
  }

  /// Built beside this program.
  private static let launcher =
    FileManager.default.realPath(Bundle.main.executablePath ?? CommandLine.arguments[0])
    .split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/launcher"

  /// What it prints, both streams together.
  func output(log: String) throws -> String {
    try run(log: log)
    return try String(contentsOfFile: log, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Where a program is, or `nil` where PATH has none of that name.
  static func find(_ program: String) -> String? {
    if program.contains("/") { return FileManager.default.isExecutableFile(atPath: program) ? program : nil }
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/\(program)" }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
  }
}
