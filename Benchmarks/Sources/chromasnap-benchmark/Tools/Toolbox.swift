import Foundation

/// Makes the tools that are there.
struct Toolbox {
  /// Folder for their homes.
  let work: String
  /// The program that is compared with the others.
  let chromasnap: String

  static let names = [
    "chromasnap", "restic", "borg", "borg2", "cp", "tar", "bup", "casync", "kopia", "rustic", "zip", "zipfile",
  ]
  /// Those that a plain run compares, where they are installed.
  static let usual = ["chromasnap", "restic", "borg", "cp"]

  /// - Parameter specification: `name`, or `name=PATH` for another program than the one in PATH.
  /// - Returns: `nil` where it is not installed.
  func tool(_ specification: String) throws -> Tool? {
    let parts = specification.split(separator: "=", maxSplits: 1).map(String.init)
    let name = parts[0]
    let make: ((String, Tool) -> Tool)? =
      switch name {
      case "chromasnap": Self.chromasnap
      case "restic": Self.restic
      case "borg": Self.borg
      case "borg2": Self.borg2
      case "cp": Self.copy
      case "tar": Self.archive
      case "bup": Self.bup
      case "casync": Self.casync
      case "kopia": Self.kopia
      case "rustic": Self.rustic
      case "zip": Self.zip
      case "zipfile": Self.zipfile
      default: nil
      }
    guard let make else {
      throw BenchmarkError("there is no tool \"\(name)\": \(Self.names.joined(separator: ", "))")
    }
    let asked = parts.count > 1 ? parts[1] : name == "chromasnap" ? chromasnap : Self.program(of: name)
    guard let program = Command.find(asked) else { return nil }
    let home = "\(work)/home-\(specification.filter { $0.isLetter || $0.isNumber })"
    try Folders.make(home)
    var tool = Tool(name: name, version: name, program: program, home: home)
    tool.environment = ["HOME": home, "XDG_CACHE_HOME": "\(home)/cache"]
    tool.versionQuestion = ["restic", "bup", "chromasnap"].contains(name) ? "version" : "--version"
    tool.version = version(of: tool, called: name)
    return make(program, tool)
  }

  private static func program(of name: String) -> String { name == "zipfile" ? "python3" : name }

  /// What a program says of itself, in short.
  private func version(of tool: Tool, called name: String) -> String {
    let command = Command([tool.program, tool.versionQuestion], in: tool.home, environment: tool.environment)
    let said = (try? command.output(log: tool.log))?.split(separator: "\n").first.map(String.init) ?? ""
    let number = said.split { " ,()".contains($0) }.map { $0.hasPrefix("v") ? String($0.dropFirst()) : String($0) }
      .first { $0.first?.isNumber == true && $0.contains(".") }
    return name == "tar" ? "tar, zstd -1" : number.map { "\(name) \($0)" } ?? name
  }
}
