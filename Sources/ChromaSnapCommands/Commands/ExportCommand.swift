import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

struct ExportCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a snapshot as an ordinary ZIP.",
    discussion: """
      The archive holds the directory and a backup_metadata.json; any unzip program opens it. The same snapshot gives the same \
      bytes. A backup_metadata.json of the directory's own is left out: that is a warning, and exit code 3. With --all every \
      snapshot (of --source, where that is named) becomes NAME.zip in the folder that is named, or in the working directory; \
      those that are there already are left alone.

      EXAMPLES
        chromasnap export latest
        chromasnap export before_upgrade_20261124_080000 /mnt/usb/chroma.zip --level 9
        chromasnap export --all ./zips
      """)

  @Argument(
    help: ArgumentHelp("The snapshot, and the archive; with --all the folder.", valueName: "id [file]"),
    completion: .file())
  var arguments: [String] = []

  @Flag(help: "Export every snapshot.")
  var all = false

  @Option(help: "Deflate's level, 0 to 9.")
  var level = 6

  @OptionGroup var selection: SelectorOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    guard (0...9).contains(level) else { throw ValidationError("--level takes a number from 0 to 9.") }
    guard arguments.count <= (all ? 1 : 2) else {
      throw ValidationError("Name a snapshot and a file; with --all a folder.")
    }
    if all, selection.asOf != nil { throw ValidationError("--as-of chooses one snapshot, and --all takes every one.") }
  }

  func execute() throws(SnapshotError) -> Int32 {
    let location = global.location
    var verbs: [ExportSnapshot] = []
    var exported = 0
    // Archives that do not hold all of their snapshot.
    var partial = 0
    // What is missing among the archives, and why.
    var missing: [SnapshotWarning] = []
    if all {
      let folder = arguments.first.map(FilePath.init(argument:)) ?? FileSystem.currentFolder
      var names: Set<String> = []
      var list = ListSnapshots()
      list.source = selection.source.map(FilePath.init(argument:))
      let listing = try list.run(in: location)
      report(listing.warnings)
      missing = listing.warnings
      for snapshot in listing.snapshots.map(\.snapshot) {
        let name = snapshot.manifest.name
        let isFirst = names.insert(name).inserted
        let file = folder.appending(isFirst ? "\(name).zip" : "\(name)-\(snapshot.id.short).zip")
        if FileStatus.exists(file) { continue }
        verbs.append(ExportSnapshot(SnapshotSelector(snapshot.id.description), file: file, folder: folder))
      }
      try calling("making \(folder)") { () throws(SystemError) in _ = try FileSystem.makeFolders(folder) }
    } else {
      let file = arguments.count > 1 ? FilePath(argument: arguments[1]) : nil
      verbs = [
        ExportSnapshot(
          selection.selector(arguments.first ?? "latest", global.settings), file: file, folder: FileSystem.currentFolder
        )
      ]
    }
    for var verb in verbs {
      verb.level = level
      let summary: ExportSnapshot.Summary
      do throws(SnapshotError) {
        summary = try watching(verb.run)
      } catch {
        // One that no ZIP can hold is no obstacle to the others.
        guard all, error.code != .cancelled, error.code != .noSpace, let file = verb.file else { throw error }
        missing.append(report(error, about: file))
        continue
      }
      exported += 1
      record { $0.concern(summary.snapshot) }
      report(summary.warnings)
      partial += summary.warnings.isEmpty ? 0 : 1
      // Of several the last line is the summary.
      render(Self.json(summary, messageType: all ? "file" : "summary")) {
        [
          "exported \(summary.snapshot.id.short)  \(summary.snapshot.manifest.name)",
          "to       \(summary.file): \(Wording.count(summary.entries, "entry", "entries")), "
            + "\(Wording.bytes(summary.bytes)) in \(Wording.duration(summary.duration))",
        ]
      }
    }
    if all {
      render(
        .object([
          ("message_type", .string("summary")), ("exported", .integer(exported)), ("failed", .integer(missing.count)),
          ("warnings", .array(missing.map(\.json))),
        ])
      ) {
        let remark =
          missing.isEmpty
          ? verbs.isEmpty ? ": all are there already" : "" : "; \(missing.count) failed, see above"
        return ["exported \(Wording.count(exported, "snapshot"))\(remark)"]
      }
    }
    return missing.isEmpty && partial == 0 ? ExitStatus.success : ExitStatus.incomplete
  }

  private static func json(_ summary: ExportSnapshot.Summary, messageType: String) -> JSON {
    .object(
      [("message_type", .string(messageType)), ("snapshot_id", .string(summary.snapshot.id.description))]
        + JSON.path(summary.file.bytes, "file") + [
          ("entries", .integer(summary.entries)), ("bytes", .integer(summary.bytes)),
          ("duration", .number(summary.duration)), ("warnings", .array(summary.warnings.map(\.json))),
        ])
  }
}
