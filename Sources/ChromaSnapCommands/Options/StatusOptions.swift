import ArgumentParser
import ChromaSnap

/// From where on something is worth a warning.
struct StatusOptions: ParsableArguments {
  @Option(
    name: .customLong("warn-age"),
    help: ArgumentHelp("Warn where the last good snapshot is older.", valueName: "duration"))
  var warnAge = Duration(hours: 26)

  @Option(
    name: .customLong("critical-age"),
    help: ArgumentHelp("Critical where the last good snapshot is older.", valueName: "duration"))
  var criticalAge = Duration(hours: 50)

  @Option(
    name: .customLong("size-factor"),
    help: ArgumentHelp("How many times larger or smaller than usual a snapshot may be.", valueName: "n"))
  var sizeFactor = 2.0

  @Option(
    name: .customLong("max-drop"),
    help: ArgumentHelp("Which part of its records a collection may lose.", valueName: "percent"))
  var maxDrop = Fraction(0.2)

  @Option(help: ArgumentHelp("With how many earlier snapshots the last one is compared.", valueName: "n"))
  var recent = 10

  @Option(
    name: .customLong("min-free"),
    help: ArgumentHelp("How much must be free beside the repository, such as 20G.", valueName: "size"))
  var minFree: ByteCount?

  @Option(
    name: .customLong("drill-age"),
    help: ArgumentHelp("Warn where the last drill is older, or there was none.", valueName: "duration"))
  var drillAge: Duration?

  @Option(
    name: .customLong("check-age"),
    help: ArgumentHelp("Warn where the last `check --read-data` is older, or there was none.", valueName: "duration"))
  var checkAge: Duration?

  func validate() throws {
    guard sizeFactor >= 1 else { throw ValidationError("--size-factor is at least 1.") }
    guard (0...10_000).contains(recent) else { throw ValidationError("--recent takes a number from 0 to 10000.") }
    guard maxDrop.value <= 1 else { throw ValidationError("--max-drop is 100% at most.") }
    guard warnAge.seconds <= criticalAge.seconds else {
      throw ValidationError(
        "--warn-age (\(warnAge.defaultValueDescription)) is more than --critical-age "
          + "(\(criticalAge.defaultValueDescription)): raise that too.")
    }
  }

  var thresholds: StatusThresholds {
    var thresholds = StatusThresholds()
    thresholds.warnAge = warnAge.seconds
    thresholds.criticalAge = criticalAge.seconds
    thresholds.sizeFactor = sizeFactor
    thresholds.maxDrop = maxDrop.value
    thresholds.recent = recent
    thresholds.minFree = minFree?.bytes ?? 0
    thresholds.drillAge = drillAge?.seconds
    thresholds.checkAge = checkAge?.seconds
    return thresholds
  }
}

extension Duration {
  fileprivate init(hours: Double) { self.init(seconds: hours * 3600) }
}
