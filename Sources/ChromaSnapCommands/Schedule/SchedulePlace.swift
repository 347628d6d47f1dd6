import ChromaSnap
import SnapshotRepository
import SystemIO
import SystemPackage

/// Where a kind of schedule lives on this machine, and how it gets there and away again.
struct SchedulePlace: Sendable {
  var kind: Schedule.Kind
  var isSystem: Bool
  var home: FilePath

  static let crontab = SystemTool("crontab", variable: "CHROMASNAP_CRONTAB")
  private static let systemctl = SystemTool("systemctl", variable: "CHROMASNAP_SYSTEMCTL")
  private static let launchctl = SystemTool("launchctl", variable: "CHROMASNAP_LAUNCHCTL")

  /// What this machine has: systemd where it runs, else cron; launchd on macOS.
  static var usualKind: Schedule.Kind? {
    if launchctl.exists { return .launchd }
    if isSystemdRunning { return .systemd }
    if crontab.exists { return .cron }
    return Environment.value("WSL_DISTRO_NAME") == nil ? nil : .windows
  }

  /// As sd_booted(3) tells it.
  private static var isSystemdRunning: Bool {
    Environment.value("CHROMASNAP_SYSTEMCTL") != nil || FileStatus.exists("/run/systemd/system")
  }

  /// What was done, and what is left for somebody to do.
  struct Outcome: Sendable {
    var hasChanged = false
    /// Whether it runs from now on.
    var isActive = false
    /// A sentence about what is left to do.
    var advice: String?
  }

  /// The texts of a schedule, each with the file that it belongs in; a crontab has none.
  func texts(_ schedule: Schedule) -> [(path: FilePath?, text: String)] {
    switch kind {
    case .cron: [(nil, schedule.cronBlock.map { $0 + "\n" }.joined())]
    case .systemd:
      [
        (files(schedule.name)[0], schedule.systemdService), (files(schedule.name)[1], schedule.systemdTimer),
      ]
    case .launchd: [(files(schedule.name)[0], schedule.propertyList)]
    case .windows:
      [(files(schedule.name)[0], schedule.windowsTask(distribution: Environment.value("WSL_DISTRO_NAME")))]
    }
  }

  private func files(_ name: String) -> [FilePath] {
    switch kind {
    case .cron: []
    case .systemd: ["service", "timer"].map { unitFolder.appending("\(Schedule.unit(name)).\($0)") }
    case .launchd:
      [
        (isSystem ? FilePath("/Library/LaunchDaemons") : home.pushing("Library/LaunchAgents"))
          .appending("\(Schedule.label(name)).plist")
      ]
    case .windows: [FileSystem.currentFolder.appending("\(Schedule.unit(name)).xml")]
    }
  }

  private var unitFolder: FilePath {
    if isSystem { return "/etc/systemd/system" }
    let folder = Environment.value("XDG_CONFIG_HOME").flatMap { $0.hasPrefix("/") ? FilePath($0) : nil }
    return (folder ?? home.appending(".config")).pushing("systemd/user")
  }

  private var manager: [String] { isSystem ? [] : ["--user"] }

  // MARK: Installing

  func install(_ schedule: Schedule) throws(SnapshotError) -> Outcome {
    var outcome = Outcome()
    if kind == .cron {
      let before = try Self.readCrontab()
      let after = try before.installing(schedule)
      if after != before { try Self.crontab.require(["-"], input: after.bytes) }
      return Outcome(hasChanged: after != before, isActive: true)
    }
    for case (let path?, let text) in texts(schedule) {
      let bytes = kind == .windows ? Self.utf16(text) : Array(text.utf8)
      if try Self.replace(path, with: bytes) { outcome.hasChanged = true }
    }
    try activate(schedule, &outcome)
    return outcome
  }

  private func activate(_ schedule: Schedule, _ outcome: inout Outcome) throws(SnapshotError) {
    let timer = "\(schedule.unit).timer"
    switch kind {
    case .cron: break
    case .systemd:
      guard Self.isSystemdRunning else {
        outcome.advice =
          "systemd does not run here. Where it does: systemctl \((manager + ["enable", "--now", timer]).joined(separator: " "))"
        return
      }
      try Self.systemctl.require(manager + ["daemon-reload"])
      try Self.systemctl.require(manager + ["enable", "--now", timer])
      outcome.isActive = true
      if !isSystem { outcome.advice = "For runs while you are logged out: loginctl enable-linger" }
    case .launchd:
      guard Self.launchctl.exists else {
        outcome.advice = "launchd is not here: copy the file to a Mac's Library/LaunchAgents"
        return
      }
      _ = try Self.launchctl.run(["bootout", "\(domain)/\(schedule.label)"])
      try Self.launchctl.require(["bootstrap", domain, files(schedule.name)[0].string])
      outcome.isActive = true
    case .windows:
      outcome.advice =
        "In Windows: schtasks.exe /Create /TN \"\(schedule.unit)\" /XML \"\(files(schedule.name)[0].lastComponent?.string ?? "")\""
    }
  }

  private var domain: String { isSystem ? "system" : "gui/\(Platform.userID)" }

  // MARK: Removing

  /// Takes away what `install` has put there under this name, and nothing else. Returns whether there was anything.
  func remove(_ name: String) throws(SnapshotError) -> Outcome {
    if kind == .cron {
      guard Self.crontab.exists else { return Outcome() }
      let before = try Self.readCrontab()
      let after = try before.removing(name)
      guard after != before else { return Outcome() }
      if after.bytes.isEmpty {
        try Self.crontab.require(["-r"], hint: Self.removalHint)
      } else {
        try Self.crontab.require(["-"], input: after.bytes, hint: Self.removalHint)
      }
      return Outcome(hasChanged: true)
    }
    let present = files(name).filter(FileStatus.exists)
    guard !present.isEmpty else { return Outcome() }
    var outcome = Outcome(hasChanged: true)
    let timer = "\(Schedule.unit(name)).timer"
    let runsSystemd = kind == .systemd && Self.isSystemdRunning
    // What the manager refuses is no reason to leave the files to it.
    var failure: SnapshotError?
    if runsSystemd {
      do throws(SnapshotError) {
        try Self.systemctl.require(manager + ["disable", "--now", timer], hint: Self.removalHint)
        // When it last ran; an old manager keeps no such thing to clean.
        _ = try Self.systemctl.run(manager + ["clean", "--what=state", timer])
      } catch { failure = error }
    }
    if kind == .launchd, Self.launchctl.exists {
      _ = try Self.launchctl.run(["bootout", "\(domain)/\(Schedule.label(name))"])
    }
    if kind == .windows {
      outcome.advice = "In Windows: schtasks.exe /Delete /TN \"\(Schedule.unit(name))\""
    }
    for path in present {
      try calling("removing \(path)") { () throws(SystemError) in try FileSystem.removeFile(path) }
    }
    if runsSystemd {
      do throws(SnapshotError) {
        try Self.systemctl.require(manager + ["daemon-reload"], hint: Self.removalHint)
      } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
    return outcome
  }

  private static let removalHint = "See whether it still runs: `crontab -l`, `systemctl list-timers`."

  // MARK: Texts in their places

  private static func readCrontab() throws(SnapshotError) -> Crontab {
    let ending = try crontab.run(["-l"])
    if ending.code == 0 { return Crontab(bytes: ending.output) }
    if ending.said.contains("no crontab for") { return Crontab() }
    throw SnapshotError(
      .failed, "`\(crontab.program) -l` failed (exit code \(ending.code)): \(ending.said)",
      hint: "May this user have a crontab? `chromasnap schedule show --kind cron` prints the lines.")
  }

  /// Puts a file in its place in one step. Returns whether it was not there, or held something else.
  private static func replace(_ path: FilePath, with bytes: [UInt8]) throws(SnapshotError) -> Bool {
    try calling("writing \(path)") { () throws(SystemError) in
      if let old = try? Descriptor(opening: path).readAll(limit: 1 << 20), old == bytes { return false }
      let folder = path.removingLastComponent()
      try FileSystem.makeFolders(folder, permissions: 0o755)
      let temporary = folder.appending(".\(path.lastComponent?.string ?? "").new")
      let file = try Descriptor(opening: temporary, .write, [.create, .truncate, .noFollow], permissions: 0o644)
      try file.write(bytes)
      try file.synchronize()
      try FileSystem.setPermissions(0o644, at: temporary)
      try FileSystem.rename(temporary, to: path)
      try FileSystem.synchronizeFolder(folder)
      return true
    }
  }

  /// As the Task Scheduler wants its files: little-endian, with a byte order mark.
  private static func utf16(_ text: String) -> [UInt8] {
    [0xFF, 0xFE] + text.escaping { $0 == "\n" ? "\r\n" : nil }.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
  }
}
