import ArgumentParser
import ChromaSnap

/// The rules of a keep policy.
struct PolicyOptions: ParsableArguments {
  @Option(name: .customLong("keep-last"), help: ArgumentHelp("Keep the newest.", valueName: "n"))
  var last: Int?

  @Option(
    name: .customLong("keep-hourly"), help: ArgumentHelp("Keep the last of each of so many hours.", valueName: "n"))
  var hourly = 0

  @Option(name: .customLong("keep-daily"), help: ArgumentHelp("Keep the last of each of so many days.", valueName: "n"))
  var daily = 0

  @Option(
    name: .customLong("keep-weekly"), help: ArgumentHelp("Keep the last of each of so many weeks.", valueName: "n"))
  var weekly = 0

  @Option(
    name: .customLong("keep-monthly"), help: ArgumentHelp("Keep the last of each of so many months.", valueName: "n"))
  var monthly = 0

  @Option(
    name: .customLong("keep-yearly"), help: ArgumentHelp("Keep the last of each of so many years.", valueName: "n"))
  var yearly = 0

  @Option(
    name: .customLong("keep-within"),
    help: ArgumentHelp("Keep all that are so much older than the newest at most, such as 14d.", valueName: "duration"))
  var within: Duration?

  @Option(
    name: .customLong("keep-tag"),
    help: ArgumentHelp("Keep all with this tag; may be given several times.", valueName: "tag"))
  var tags: [String] = []

  @Option(
    name: .customLong("max-backups"),
    help: ArgumentHelp("The same as --keep-last: rotate to the newest.", valueName: "n"))
  var maxBackups: Int?

  func validate() throws {
    let counts = [last ?? 1, maxBackups ?? 1, hourly, daily, weekly, monthly, yearly]
    guard counts.allSatisfy({ $0 >= 0 }), last != 0, maxBackups != 0 else {
      throw ValidationError("The numbers of a policy are not negative, and --keep-last and --max-backups at least 1.")
    }
  }

  var policy: KeepPolicy {
    var policy = KeepPolicy()
    policy.last = max(last ?? 0, maxBackups ?? 0)
    policy.hourly = hourly
    policy.daily = daily
    policy.weekly = weekly
    policy.monthly = monthly
    policy.yearly = yearly
    policy.within = within?.seconds
    policy.tags = tags
    return policy
  }
}

/// A part of a whole: `5%`, or `0.05`.
struct Fraction: ExpressibleByArgument {
  var value: Double

  init(_ value: Double) { self.value = value }

  init?(argument: String) {
    let isPercent = argument.hasSuffix("%")
    guard let number = Double(isPercent ? String(argument.dropLast()) : argument), number >= 0, number.isFinite else {
      return nil
    }
    value = isPercent ? number / 100 : number
  }

  var defaultValueDescription: String { "\(Int(value * 100))%" }
}
