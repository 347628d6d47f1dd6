// capture-folder SOURCE TARGET [--offline]: captures a Chroma directory into a plain copy, and prints how it went as JSON.
// For holding the capture by itself against the real Chroma.
import ChromaDB
import ChromaDBTestSupport
import SystemIO
import SystemPackage

let arguments = CommandLine.arguments
let (source, target) = (FilePath(arguments[1]), FilePath(arguments[2]))
let scratch = FilePath(arguments[2] + ".scratch")
var options = CaptureOptions()
options.isOffline = arguments.contains("--offline")

do {
  try FileSystem.makeFolders(scratch)
  let watch = Stopwatch()
  let report = try Capture.run(source, into: FolderSink(from: source, to: target), scratch: scratch, options: options)
  let seconds = watch.seconds
  try FileSystem.removeTree(scratch)
  let health = try HealthCheck.run(DirectoryContents(target))
  let warnings = report.warnings.map { "\"\($0.code.rawValue)\"" }.joined(separator: ",")
  print(
    """
    {"hold_seconds": \(report.holdSeconds), "longest_hold_seconds": \(report.longestHoldSeconds), \
    "wait_seconds": \(report.waitSeconds), "tries": \(report.tries), "condition": "\(report.condition.rawValue)", \
    "seconds": \(seconds), "folders_read_again": \(report.foldersReadAgain), "awaited": \(report.foldersAwaited), \
    "database_read_again": \(report.databaseReadAgain), "health": "\(health.verdict.rawValue)", \
    "health_seconds": \(health.duration), "warnings": [\(warnings)]}
    """)
  for problem in health.problems {
    print("problem: \(problem.code.rawValue): \(problem.message) \(problem.path ?? "")")
  }
} catch {
  print("error: \(error)")
  try? FileSystem.removeTree(scratch)
  fatalError("the capture failed")
}
