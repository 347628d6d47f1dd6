import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

struct StatusCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Say whether all is well, in the manner that monitors know.",
    discussion: """
      The first line is in Nagios format, with performance data after the bar. It looks at the age of each source's last good \
      snapshot, its size and records compared with earlier ones, health, drills, noted damage, free space, and clock errors. Exit \
      code 0 ok, 1 warning, 2 critical, 3 unknown. With --quiet it prints nothing if all is well, and problems to standard \
      error, for cron to mail.

      EXAMPLES
        chromasnap status
        chromasnap status --source ./chroma --warn-age 2h --critical-age 6h
        chromasnap status --drill-age 35d --check-age 8d --min-free 20G --json
      """)

  @Option(help: ArgumentHelp("Only the source at this path.", valueName: "dir"), completion: .directory)
  var source: String?

  @OptionGroup(title: "Thresholds") var limits: StatusOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  var isAudited: Bool { false }
  static let unwrittenStatus = StatusReport.Level.unknown.rawValue

  func execute() throws(SnapshotError) -> Int32 {
    var verb = ExamineStatus()
    verb.source = source.map { FilePath(argument: $0) }
    verb.thresholds = limits.thresholds
    let report: StatusReport
    do throws(SnapshotError) { report = try verb.run(in: global.location) } catch {
      guard error.code != .cancelled else { throw error }
      return refuse(error)
    }
    render(StatusText.json(report, repository: global.repositoryFolder), isBad: report.level != .ok) {
      StatusText.lines(report, limits.thresholds)
    }
    return report.level.rawValue
  }

  /// A monitor takes what it can't know for unknown, whatever the reason.
  func refuse(_ error: SnapshotError) -> Int32 {
    render(StatusText.json(error, repository: global.loadedSettings?[SettingTable.repository]), isBad: true) {
      [StatusText.line(.unknown, error.message, [])]
    }
    return StatusReport.Level.unknown.rawValue
  }
}
