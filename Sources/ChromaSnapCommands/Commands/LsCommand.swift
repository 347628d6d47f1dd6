import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO

struct LsCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "Show what is in a snapshot.",
    discussion: """
      EXAMPLES
        chromasnap ls latest
        chromasnap ls latest:some/folder --recursive
      """)

  @Argument(help: ArgumentHelp("The snapshot, and a path in it.", valueName: "id[:path]"))
  var what = "latest"

  @Flag(name: [.customShort("R"), .long], help: "Go down into folders.")
  var recursive = false

  @OptionGroup var selection: SelectorOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  var isAudited: Bool { false }

  func execute() throws(SnapshotError) -> Int32 {
    var found: [SnapshotEntry] = []
    try selection.browse(what, global.settings).list(in: global.location, recursively: recursive) {
      found.append($0)
    }
    render(.array(found.map(Self.json))) { found.map(Self.line) }
    return ExitStatus.success
  }

  private static func json(_ found: SnapshotEntry) -> JSON {
    let entry = found.entry
    var fields = JSON.path(found.path)
    switch entry.kind {
    case .file(let content, let chunking):
      fields += [
        ("type", .string("file")), ("size", .integer(content.length)),
        ("chunking", .string(chunking == .regions ? "regions" : "content_defined")),
      ]
    case .directory: fields.append(("type", .string("dir")))
    case .symbolicLink(let target): fields += [("type", .string("symlink"))] + JSON.path(target, "target")
    }
    return .object(
      fields + [
        ("mode", .integer(entry.permissions)), ("uid", .integer(entry.owner)), ("gid", .integer(entry.group)),
        ("mtime", .time(entry.modified)),
      ])
  }

  /// `rwxr-xr-x`; where a set-user-id, set-group-id or sticky bit is set, its letter stands in for the right to execute, a
  /// capital where there is none.
  private static func rights(_ permissions: UInt32) -> String {
    let all = Array("rwxrwxrwx")
    var letters = (0..<9).map { permissions >> (8 - UInt32($0)) & 1 == 1 ? all[$0] : "-" }
    for (place, bit, letter) in [(2, 0o4000, "s"), (5, 0o2000, "s"), (8, 0o1000, "t")] as [(Int, UInt32, Character)]
    where permissions & bit != 0 {
      letters[place] = letters[place] == "x" ? letter : Character(letter.uppercased())
    }
    return String(letters)
  }

  private static func line(_ found: SnapshotEntry) -> String {
    let entry = found.entry
    let rights = Self.rights(entry.permissions)
    var (kind, end) = ("-", "")
    switch entry.kind {
    case .file: break
    case .directory: kind = "d"
    case .symbolicLink(let target): (kind, end) = ("l", " -> \(String(decoding: target, as: UTF8.self))")
    }
    let size = "\(entry.size)"
    return kind + rights + "  " + String(repeating: " ", count: max(0, 13 - size.count)) + size
      + "  \(entry.modified.localText)  " + Terminal.printable("\(found.displayPath)\(end)", inOneLine: true)
  }
}
