/// A program that is measured: how it is asked for each step. What it can't do is `nil`.
struct Tool {
  /// As on the command line and in the results.
  var name: String
  var version: String
  var program: String
  /// How it is asked for its version.
  var versionQuestion = "--version"
  /// A folder of its own, made anew for each round, with its repository in it.
  var home: String
  var environment: [String: String] = [:]
  var initialise: [String]?
  /// Run in the folder that is saved; archives are numbered from 1.
  var snapshot: ((_ archive: Int) -> [String])?
  /// Whether a second snapshot costs less than the first, so that it is worth measuring.
  var isIncremental = true
  /// Run anywhere; makes the folder `target` of an archive after which `newer` others were made. `nil` where it can only
  /// restore the last.
  var restore: ((_ archive: Int, _ newer: Int, _ target: String) -> [String]?)?
  /// Run in the folder that is saved: an ordinary ZIP of it, or of the snapshot of it.
  var export: ((_ file: String) -> [String])?

  var repository: String { "\(home)/repository" }
  var log: String { "\(home)/log" }

  /// An empty repository.
  func startAnew(_ settings: Settings) throws {
    try settings.retire(home)
    try Folders.make(home)
    if let initialise { try Command(initialise, in: home, environment: environment).run(log: log) }
  }

  func run(_ arguments: [String], in folder: String) throws -> Command.Usage {
    try Command(arguments, in: folder, environment: environment).run(log: log)
  }

  /// Bytes in the repository.
  var stored: Int { Folders.bytes(repository) }
}
