import ArgumentParser
import ChromaSnap
import SnapshotRepository
import SystemIO
import SystemPackage

struct ScheduleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule", abstract: "Have `auto` run by cron, systemd, launchd or Windows.",
    subcommands: [ScheduleInstallCommand.self, ScheduleShowCommand.self, ScheduleRemoveCommand.self])
}

struct ScheduleInstallCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "install", abstract: "Install a schedule, or change it.",
    discussion: """
      Installed again, it replaces the one of the same name. What the configuration file says is read at each run; options \
      given here, and what the environment says now, become options of the scheduled command.

      EXAMPLES
        chromasnap schedule install ./chroma --every 1h --max-backups 48
        chromasnap schedule install --profile nightly --every 02:30
        chromasnap schedule install ./chroma --kind cron --every 15m
      """)

  @OptionGroup var options: ScheduleOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  static let title = "schedule install"
  var isAudited: Bool { false }

  func execute() throws(SnapshotError) -> Int32 {
    let (schedule, place) = try options.schedule(global)
    // A service that may write nowhere else can't make them.
    if place.kind == .systemd {
      for folder in schedule.writable where folder != schedule.source {
        try calling("making \(folder)") { () throws(SystemError) in _ = try FileSystem.makeFolders(folder) }
      }
    }
    let outcome = try place.install(schedule)
    render(
      .object(
        schedule.fields("scheduled", place) + [
          ("changed", .bool(outcome.hasChanged)), ("active", .bool(outcome.isActive)),
          ("advice", .optional(outcome.advice)),
        ])
    ) {
      [
        "\(outcome.hasChanged ? "scheduled" : "already scheduled") \(schedule.name) by \(place.kind.rawValue)"
          + (outcome.isActive ? "" : ", which does not run it yet")
      ] + place.texts(schedule).compactMap { $0.path.map { "file     \($0)" } }
        + ["command  \(schedule.command.map(Schedule.shellQuoted).joined(separator: " "))"]
        + (outcome.advice.map { [$0] } ?? [])
    }
    return ExitStatus.success
  }
}

struct ScheduleShowCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print what would be installed, and install nothing.",
    discussion: """
      EXAMPLES
        chromasnap schedule show ./chroma --kind systemd --every 1h
        chromasnap schedule show --profile nightly --kind launchd > chromasnap.nightly.plist
      """)

  @OptionGroup var options: ScheduleOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  static let title = "schedule show"
  var isAudited: Bool { false }

  func execute() throws(SnapshotError) -> Int32 {
    let (schedule, place) = try options.schedule(global)
    let texts = place.texts(schedule)
    render(.object(schedule.fields("schedule", place))) {
      texts.flatMap { path, text in
        let heading = texts.count > 1 ? path.map { ["# \($0)"] } ?? [] : []
        return heading + [text.hasSuffix("\n") ? String(text.dropLast()) : text]
      }
    }
    return ExitStatus.success
  }
}

struct ScheduleRemoveCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Take a schedule away.",
    discussion: """
      Without --kind it is taken away wherever it is.

      EXAMPLES
        chromasnap schedule remove
        chromasnap schedule remove --profile nightly
        chromasnap schedule remove --as hourly --kind cron
      """)

  @OptionGroup var identity: ScheduleIdentity
  @OptionGroup(title: "Global options") var global: GlobalOptions

  static let title = "schedule remove"
  var isAudited: Bool { false }

  func execute() throws(SnapshotError) -> Int32 {
    let name = identity.name(global.settings)
    var removed: [Schedule.Kind] = []
    var advice: [String] = []
    // One that can't be taken away is no reason to leave the others.
    var failure: SnapshotError?
    for kind in identity.kind.map({ [$0] }) ?? Schedule.Kind.allCases {
      do throws(SnapshotError) {
        let outcome = try identity.place(kind).remove(name)
        if outcome.hasChanged { removed.append(kind) }
        if let text = outcome.advice { advice.append(text) }
      } catch { failure = failure ?? error }
    }
    if let failure, removed.isEmpty { throw failure }
    render(
      .object([
        ("message_type", .string("unscheduled")), ("name", .string(name)),
        ("removed", .strings(removed.map(\.rawValue))), ("advice", .optional(advice.first)),
      ])
    ) {
      removed.isEmpty
        ? ["there is no schedule \(name)"]
        : ["took away \(name) of \(removed.map(\.rawValue).joined(separator: ", "))"] + advice
    }
    if let failure { throw failure }
    return ExitStatus.success
  }
}

extension Schedule {
  fileprivate func fields(_ messageType: String, _ place: SchedulePlace) -> [(String, JSON)] {
    [
      ("message_type", .string(messageType)), ("name", .string(name)), ("kind", .string(place.kind.rawValue)),
      ("owner", .string(isSystem ? "system" : "user")), ("source", .string(source.string)),
      ("command", .strings(command)),
      (
        "files",
        .array(
          place.texts(self).map { path, text in
            .object([("path", .optional(path?.string)), ("text", .string(text))])
          })
      ),
    ]
  }
}
