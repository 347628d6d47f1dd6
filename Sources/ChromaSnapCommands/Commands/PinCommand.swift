import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository

struct PinCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "pin", abstract: "Keep a snapshot whatever any policy says.",
    discussion: """
      EXAMPLES
        chromasnap pin before_upgrade_20261124_080000
      """)

  @Argument(help: "The snapshot.") var id: String
  @OptionGroup var selection: SelectorOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute() throws(SnapshotError) -> Int32 { try setPinned(true, selection.selector(id, global.settings)) }
}

struct UnpinCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "unpin", abstract: "Let policies decide about a snapshot again.",
    discussion: """
      EXAMPLES
        chromasnap unpin before_upgrade_20261124_080000
      """)

  @Argument(help: "The snapshot.") var id: String
  @OptionGroup var selection: SelectorOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute() throws(SnapshotError) -> Int32 { try setPinned(false, selection.selector(id, global.settings)) }
}

extension SnapCommand {
  fileprivate func setPinned(_ pinned: Bool, _ selector: SnapshotSelector) throws(SnapshotError) -> Int32 {
    let (snapshot, changed) = try PinSnapshot(selector, isPinned: pinned).run(in: global.location)
    record { $0.concern(snapshot) }
    render(
      .object([
        ("message_type", .string(pinned ? "pinned" : "unpinned")), ("snapshot_id", .string(snapshot.id.description)),
        ("changed", .bool(changed)),
      ])
    ) {
      [
        "\(snapshot.id.short)  \(snapshot.manifest.name) is \(changed ? "now" : "already") \(pinned ? "pinned" : "not pinned")"
      ]
    }
    return ExitStatus.success
  }
}
