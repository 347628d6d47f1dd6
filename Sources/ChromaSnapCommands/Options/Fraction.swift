import ArgumentParser

/// A part of something, or up to a thousand times all of it: `5%`, `0.05`, `150%`.
package struct Fraction: ExpressibleByArgument, Sendable {
  package let value: Double

  init(_ value: Double) { self.value = value }

  package init?(argument: String) {
    let isPercent = argument.hasSuffix("%")
    guard let number = Double(isPercent ? String(argument.dropLast()) : argument), number >= 0,
      // A bare 1 or 5 may be meant as percent: it has to say so.
      isPercent ? number <= 100_000 : number < 1
    else { return nil }
    value = isPercent ? number / 100 : number
  }

  package var defaultValueDescription: String {
    let percent = value * 100
    return percent == percent.rounded() ? "\(Int(percent))%" : "\(percent)%"
  }
}
