import CMeasurement
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
    var result = measurement()
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0.key)=\($0.value)" }
    let error = withCStrings(arguments) { arguments in
      withCStrings(variables) { environment in measure_command(arguments, environment, folder, log, &result) }
    }
    guard error == 0 else {
      throw BenchmarkError("\(arguments[0]) could not be started: \(String(cString: strerror(error)))")
    }
    guard result.exit_code == 0 || mayFail else {
      let said = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
      throw BenchmarkError(
        "\(arguments.joined(separator: " ")) ended with \(result.exit_code):\n\(said.suffix(2000))")
    }
    return Usage(wall: result.wall, cpu: result.cpu, peak: Int(result.peak))
  }

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

private func withCStrings<Result>(
  _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  var copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
  defer { for copy in copies { free(copy) } }
  copies.append(nil)
  return body(copies)
}
