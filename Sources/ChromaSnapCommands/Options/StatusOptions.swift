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
    guard sizeFactor >= 1, recent >= 0 else {
      throw ValidationError("--size-factor is at least 1, and --recent not negative.")
    }
    guard maxDrop.value <= 1 else { throw ValidationError("--max-drop is 100% at most.") }
    guard warnAge.seconds <= criticalAge.seconds else {
      throw ValidationError("--warn-age is not more than --critical-age.")
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

/// An amount as people write it: `1000`, `500M`, `20G`, `1.5T`; a K is 1024.
struct ByteCount: ExpressibleByArgument {
  var bytes: UInt64

  init?(argument: String) {
    let units = ["K", "M", "G", "T", "P"]
    var text = argument.uppercased()
    if text.hasSuffix("IB") { text.removeLast(2) } else if text.hasSuffix("B") { text.removeLast() }
    let power = text.last.flatMap { units.firstIndex(of: String($0)) }.map { $0 + 1 } ?? 0
    guard let number = Double(power > 0 ? String(text.dropLast()) : text), number >= 0 else { return nil }
    let value = (0..<power).reduce(number) { result, _ in result * 1024 }
    guard value < 0x1p63 else { return nil }
    bytes = UInt64(value)
  }
}
