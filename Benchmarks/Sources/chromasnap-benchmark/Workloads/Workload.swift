import Foundation

/// What a run of the benchmark was told.
struct Settings {
  /// The checkout.
  var root: String
  var work: String
  var tools: [Tool]
  var rounds: Int
  /// Of what the full sizes are, 1 being all.
  var size: Double
  var isQuick: Bool
  /// Whether tools find their repositories on the disk alone.
  var hasColdRepositories: Bool
  /// Whether the last repositories stay in the work folder, for whoever wants to look into them.
  var keepsRepositories: Bool
  /// This very program: some workloads are made in a process of their own.
  var ownProgram: String

  /// Tools that can do what a workload needs.
  func tools(_ can: (Tool) -> Bool) -> [Tool] { tools.filter(can) }

  var chromasnap: Tool {
    get throws {
      guard let tool = tools.first(where: { $0.name == "chromasnap" }) else {
        throw BenchmarkError("this workload measures chromasnap itself: name it in --tools")
      }
      return tool
    }
  }

  /// A tool's repository has served its purpose.
  func discard(_ tool: Tool) throws {
    if !keepsRepositories { try retire(tool.home) }
  }

  /// Frees the disk that a folder takes, and puts it aside until the whole run is over. Removing its files at once would
  /// slow down whoever makes files next: ext4 without a journal searches past each inode that was freed in the last
  /// minutes.
  func retire(_ path: String) throws {
    guard Folders.exists(path) else { return }
    for file in Folders.files(path) {
      chmod(file.path, 0o600)
      truncate(file.path, 0)
    }
    try Folders.make(trash)
    try FileManager.default.moveItem(atPath: path, toPath: "\(trash)/\(UUID().uuidString)")
  }

  private var trash: String { "\(work)/trash" }

  func emptyTrash() { Folders.remove(trash) }

  /// Python with chromadb and numpy, made where it is missing.
  func python() throws -> String {
    let python = "\(root)/Tests/.venvs/1.5.9/bin/python"
    if !Folders.exists(python) { say("making a Python environment with chromadb 1.5.9") }
    try Command(["\(root)/Tests/environments", "1.5.9"], in: root).run(log: "\(work)/log-environments")
    return python
  }

  /// A maker of data in this folder, called with arguments.
  func make(_ script: String, _ arguments: String...) throws {
    try Command([try python(), "\(root)/Benchmarks/\(script)"] + arguments, in: work).run(log: "\(work)/log-maker")
  }
}

/// Something to measure.
protocol Workload: SendableMetatype {
  static var name: String { get }
  static func run(_ settings: Settings) throws -> Report.Section
}

/// For whoever waits.
func say(_ text: String) {
  FileHandle.standardError.write(Data("chromasnap-benchmark: \(text)\n".utf8))
}
