import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

/// The menu: asks for what a command needs, and runs that command. It does nothing by itself.
///
/// The first five are those of the old backup script, under their numbers.
struct Menu {
  private let global: GlobalOptions

  init(_ global: GlobalOptions) { self.global = global }

  private enum Choice: Int, CaseIterable {
    case create = 1
    case list, show, restore, leave, export, verify, prune, importOld

    var text: String {
      switch self {
      case .create: "Create backup"
      case .list: "List backups"
      case .show: "Show backup info"
      case .restore: "Restore backup"
      case .leave: "Exit"
      case .export: "Export backup as ZIP"
      case .verify: "Verify backups"
      case .prune: "Prune: remove old backups, free space"
      case .importOld: "Import old ZIP backups"
      }
    }
  }

  /// - Returns: The exit code: 0, or that of the signal that ended it.
  func run() -> Int32 {
    Terminal.print("\(Program.nameAndVersion)  repository \(global.repositoryFolder)")
    while true {
      Terminal.print("")
      for choice in Choice.allCases { Terminal.print("  \(choice.rawValue)  \(choice.text)") }
      guard let answer = Terminal.ask("Select an option (1-\(Choice.allCases.count), q quits): ") else { break }
      if ["q", "quit", "exit"].contains(answer.lowercased()) { return ExitStatus.success }
      guard let choice = Int(answer).flatMap(Choice.init(rawValue:)) else {
        if !answer.isEmpty { Terminal.print("There is no option \(answer).") }
        continue
      }
      if choice == .leave { return ExitStatus.success }
      Terminal.print("")
      // Ctrl-D in the middle of a choice goes back to the menu.
      act(on: choice)
      guard resume() else { break }
    }
    return Interruption.caught.map { 128 + $0 } ?? ExitStatus.success
  }

  private func act(on choice: Choice) {
    switch choice {
    case .create: create()
    case .list: run("list")
    case .show: if let id = pick() { run("show", id) }
    case .restore: restore()
    case .export: export()
    case .verify: verify()
    case .prune: prune()
    case .importOld: importOld()
    case .leave: break
    }
  }

  /// After a signal that ended only what was running: Ctrl-C goes back to the menu, SIGTERM ends it.
  private func resume() -> Bool {
    guard let signal = Interruption.caught else { return true }
    guard signal == 2 else { return false }
    Interruption.forget()
    return true
  }

  // MARK: The choices

  private func create() {
    var arguments = ["snapshot"]
    if global.settings[SettingTable.source] == nil, (try? SourceLocator.find(in: FileSystem.currentFolder)) == nil {
      guard let folder = Terminal.ask("Directory to back up: "), !folder.isEmpty else { return }
      arguments.append(Self.path(folder))
    }
    guard let name = Terminal.ask("Backup name (optional, Enter for a timestamped name): ") else { return }
    run(arguments + (name.isEmpty ? [] : ["--name=\(name)"]))
  }

  private func restore() {
    guard let id = pick() else { return }
    guard let folder = Terminal.ask("Restore to (Enter for where it came from): ") else { return }
    run(["restore", id] + (folder.isEmpty ? [] : ["--to", Self.path(folder)]))
  }

  private func export() {
    guard let id = pick() else { return }
    guard let file = Terminal.ask("File (Enter for its name with .zip, here): ") else { return }
    run(["export", id] + (file.isEmpty ? [] : [Self.path(file)]))
  }

  private func verify() {
    guard let answer = Terminal.ask("Test restore of one backup (t), or read all data of the repository (Enter)? ")
    else { return }
    if answer.isEmpty {
      run("check", "--read-data")
    } else if answer.lowercased() == "t", let id = pick() {
      run("drill", id)
    }
  }

  private func prune() {
    guard let answer = Terminal.ask("Keep how many of the newest backups (Enter: forget none)? ") else { return }
    if answer.isEmpty {
      run("prune")
      return
    }
    guard let count = Int(answer), count > 0 else { return Terminal.print("\(answer) is no number of backups.") }
    guard run("forget", "--max-backups", "\(count)", "--dry-run") == ExitStatus.success,
      Terminal.confirm("Forget them, and free their space?")
    else { return }
    run("forget", "--max-backups", "\(count)", "--prune")
  }

  private func importOld() {
    let folder = global.repositoryFolder
    guard let answer = Terminal.ask("ZIP file, or folder of them (Enter for \(folder)): ") else { return }
    run("import", answer.isEmpty ? Arguments.text(of: folder.bytes) : Self.path(answer))
  }

  /// An answer as a path from the root: no shell has looked at it, and none that begins with - is taken for an option.
  private static func path(_ answer: String) -> String {
    Arguments.text(of: FilePath(written: answer, in: FileSystem.currentFolder).bytes)
  }

  // MARK: Running commands

  /// Lets somebody choose a backup, by its number in a list, or as any command names one.
  private func pick() -> String? {
    let shown = 30
    var listing = ListSnapshots()
    listing.last = shown + 1
    let found: ListSnapshots.Listing
    do { found = try listing.run(in: global.location) } catch {
      Failure.report(error, json: false)
      return nil
    }
    for warning in found.warnings { RunRecorder.current?.log.warn(warning) }
    let snapshots: [SnapshotInfo] = found.snapshots.reversed()
    guard !snapshots.isEmpty else {
      Terminal.print(found.warnings.isEmpty ? "There are no backups yet: 1 makes one." : "No backup can be read.")
      return nil
    }
    var table = Table([("", .right), ("TIME", .left), ("NAME", .left), ("SIZE", .right), ("RECORDS", .right)])
    for (i, info) in snapshots.prefix(shown).enumerated() {
      let manifest = info.snapshot.manifest
      table.add([
        "\(i + 1)", manifest.time.localText, manifest.name, Wording.bytes(manifest.statistics.totalBytes),
        manifest.chroma.map { "\($0.records)" } ?? "",
      ])
    }
    for line in table.lines { Terminal.print(line) }
    if snapshots.count > shown { Terminal.print("older ones by name or id: 2 lists them") }
    guard let answer = Terminal.ask("Enter backup number (Enter for the newest): ") else { return nil }
    if answer.isEmpty { return snapshots[0].snapshot.id.description }
    guard let number = Int(answer), answer.utf8.count < 4 else { return answer }
    guard (1...min(shown, snapshots.count)).contains(number) else {
      Terminal.print("There is no backup \(number).")
      return nil
    }
    return snapshots[number - 1].snapshot.id.description
  }

  @discardableResult
  private func run(_ arguments: String...) -> Int32 { run(arguments) }

  /// Runs a command as if it had been typed, and says which.
  @discardableResult
  private func run(_ arguments: [String]) -> Int32 {
    // An id is shown as people would type it.
    let shown = arguments.map { argument in
      ChunkID(argument)?.short ?? Schedule.shellQuoted(argument)
    }
    Terminal.print("$ \(Program.name) \(shown.joined(separator: " "))")
    do {
      var command = try ChromaSnapCommand.parseAsRoot(arguments + globals)
      try RunRecorder.$arguments.withValue(arguments) { try command.run() }
      return ExitStatus.success
    } catch let code as ExitCode {
      return code.rawValue
    } catch {
      Terminal.printError(ChromaSnapCommand.message(for: error))
      return ChromaSnapCommand.exitCode(for: error).rawValue
    }
  }

  /// The options that the menu was started with, for every command that it runs.
  private var globals: [String] {
    var arguments: [String] = []
    if let repository = global.repository { arguments += ["--repo", repository] }
    if let folder = global.cacheFolder { arguments += ["--cache-dir", folder] }
    if global.isVerbose { arguments.append("--verbose") }
    if let file = global.logFile { arguments += ["--log-file", file] }
    if let format = global.logFormat { arguments += ["--log-format", format.rawValue] }
    if let file = global.metricsFile { arguments += ["--metrics-file", file] }
    for hook in global.notify { arguments += ["--notify", hook] }
    if let file = global.configuration { arguments += ["--config", file] }
    if let profile = global.profile { arguments += ["--profile", profile] }
    if let timeout = global.lockTimeout { arguments += ["--lock-timeout", "\(timeout.seconds)"] }
    return arguments
  }
}
