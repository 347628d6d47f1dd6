import Foundation

/// A program that goes on while others are measured, and takes a step whenever it is told to.
final class LivingProcess {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()

  /// Starts it and waits for its first line.
  init(_ arguments: [String], log: String) throws {
    process.executableURL = URL(fileURLWithPath: arguments[0])
    process.arguments = Array(arguments.dropFirst())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = try Command.log(log)
    try process.run()
    try answer()
  }

  /// Tells it to take a step, and waits for the line that says it has.
  func step() throws {
    try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
    try answer()
  }

  private func answer() throws {
    while let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty {
      if byte[byte.startIndex] == UInt8(ascii: "\n") { return }
    }
    throw BenchmarkError("\(process.executableURL?.path ?? "a program") ended before it was told to")
  }

  func end() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }
}
