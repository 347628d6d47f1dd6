import SystemPackage

/// What is done with the report of a run, beside what it prints.
struct ReportingSettings: Sendable {
  var logFile: FilePath?
  var logFormat = LogFormat.text
  var metricsFile: FilePath?
  /// As they were given, by whatever way; see ``Hook``.
  var hooks = HookSources()
  var isVerbose: Bool
  var isQuiet: Bool
  var printsJSON: Bool

  init(_ options: GlobalOptions) {
    isVerbose = options.isVerbose
    isQuiet = options.quiet
    printsJSON = options.json
    guard let settings = options.loadedSettings else {
      // Of a run that asks for none, or that a mistake in them ends: the command line itself still counts.
      logFile = options.logFile.map(FilePath.init(argument:))
      logFormat = options.logFormat ?? .text
      hooks.texts = options.notify
      return
    }
    logFile = settings[SettingTable.logFile]
    logFormat = LogFormat(rawValue: settings[SettingTable.logFormat]) ?? .text
    metricsFile = settings[SettingTable.metricsFile]
    hooks.texts = settings[SettingTable.notify]
    hooks.file = settings[SettingTable.notifyFile]
    hooks.command = settings[SettingTable.notifyCommand]
  }
}
