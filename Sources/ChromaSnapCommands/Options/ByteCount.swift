import ArgumentParser

/// An amount as people write it: `1000`, `500M`, `20G`, `1.5T`; a K is 1024.
package struct ByteCount: ExpressibleByArgument, Sendable {
  package let bytes: UInt64

  package init?(argument: String) {
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
