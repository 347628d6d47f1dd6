/// What this program is called, and which version of it this is.
public enum Program {
  public static let name = "chromasnap"
  public static let version = "0.1.0"
  public static var nameAndVersion: String { "\(name) \(version)" }

  /// Whether a name and version are of this program, or of one before it.
  package static func isNoNewer(_ other: String) -> Bool {
    let parts = other.split(separator: " ")
    guard parts.count == 2, parts[0] == name else { return false }
    func numbers(_ version: some StringProtocol) -> [Int] { version.split(separator: ".").map { Int($0) ?? .max } }
    return !numbers(version).lexicographicallyPrecedes(numbers(parts[1]))
  }
}
