/// Patterns that say what is left out of a snapshot, in the language of gitignore(5).
///
/// A pattern with a `/` before its end is anchored at the source; any other matches at every level. `*` and `?` match
/// within a component, `**` across components, `[...]` a set; a `/` at the end means folders only, a `!` at the start takes
/// back what earlier patterns left out. The last pattern that matches decides.
public struct IgnoreRules: Hashable, Sendable {
  /// What commonly lies beside a database and is worth no backup: logs and temporary files.
  public static let temporaryFiles = ["*.log", "*.log.[0-9]*", "*.tmp", "*.temp", "*.swp", "*~", ".DS_Store", "tmp/"]

  public let patterns: [String]
  private let rules: [Rule]

  private struct Rule: Hashable, Sendable {
    var components: [[UInt8]]
    var isNegated: Bool
    var foldersOnly: Bool
  }

  public init(_ patterns: [String] = []) {
    self.patterns = patterns
    rules = patterns.compactMap(Self.rule)
  }

  private static func rule(_ pattern: String) -> Rule? {
    var bytes = Array(pattern.utf8)
    if bytes.isEmpty || bytes[0] == UInt8(ascii: "#") { return nil }
    var isNegated = false
    if bytes[0] == UInt8(ascii: "!") {
      isNegated = true
      bytes.removeFirst()
    }
    let foldersOnly = bytes.last == UInt8(ascii: "/")
    if foldersOnly { bytes.removeLast() }
    guard !bytes.isEmpty else { return nil }
    let isAnchored = bytes.contains(UInt8(ascii: "/"))
    var components = bytes.split(separator: UInt8(ascii: "/")).map(Array.init)
    if !isAnchored { components.insert(Array("**".utf8), at: 0) }
    return components.isEmpty ? nil : Rule(components: components, isNegated: isNegated, foldersOnly: foldersOnly)
  }

  public var isEmpty: Bool { rules.isEmpty }

  /// Whether a path is left out. What lies below a folder that is left out is not asked about.
  /// - Parameter path: The names from the source down to it.
  public func excludes(_ path: [[UInt8]], isFolder: Bool) -> Bool {
    for rule in rules.reversed() where isFolder || !rule.foldersOnly {
      if Self.matches(path[...], rule.components[...]) { return !rule.isNegated }
    }
    return false
  }

  /// Whether a path is what the patterns name, or lies below it: for choosing what to restore.
  public func covers(_ path: [[UInt8]], isFolder: Bool) -> Bool {
    for length in 1...max(1, path.count) where length <= path.count {
      if excludes(Array(path.prefix(length)), isFolder: length < path.count || isFolder) { return true }
    }
    return false
  }

  private static func matches(_ path: ArraySlice<[UInt8]>, _ pattern: ArraySlice<[UInt8]>) -> Bool {
    guard let first = pattern.first else { return path.isEmpty }
    if first == Array("**".utf8) {
      let rest = pattern.dropFirst()
      if rest.isEmpty { return !path.isEmpty }
      var tail = path
      while true {
        if matches(tail, rest) { return true }
        if tail.isEmpty { return false }
        tail = tail.dropFirst()
      }
    }
    guard let name = path.first, matches(name[...], first[...]) else { return false }
    return matches(path.dropFirst(), pattern.dropFirst())
  }

  /// One component against one component's pattern. A `*` needs one step back at most: the last one decides.
  private static func matches(_ name: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
    var (n, p) = (name.startIndex, pattern.startIndex)
    var star: (pattern: Int, name: Int)?
    while n < name.endIndex {
      if p < pattern.endIndex, pattern[p] == UInt8(ascii: "*") {
        star = (p, n)
        p += 1
      } else if p < pattern.endIndex, let next = step(name[n], pattern, p) {
        p = next
        n += 1
      } else if let last = star {
        star = (last.pattern, last.name + 1)
        p = last.pattern + 1
        n = last.name + 1
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
  }

  /// The index behind the pattern's element at `p`, if that matches the byte.
  private static func step(_ byte: UInt8, _ pattern: ArraySlice<UInt8>, _ p: Int) -> Int? {
    switch pattern[p] {
    case UInt8(ascii: "?"): return p + 1
    case UInt8(ascii: "\\") where p + 1 < pattern.endIndex: return pattern[p + 1] == byte ? p + 2 : nil
    case UInt8(ascii: "["):
      var at = p + 1
      let isNegated = at < pattern.endIndex && (pattern[at] == UInt8(ascii: "!") || pattern[at] == UInt8(ascii: "^"))
      if isNegated { at += 1 }
      var found = false
      var isFirst = true
      while at < pattern.endIndex, isFirst || pattern[at] != UInt8(ascii: "]") {
        isFirst = false
        if at + 2 < pattern.endIndex, pattern[at + 1] == UInt8(ascii: "-"), pattern[at + 2] != UInt8(ascii: "]") {
          found = found || (pattern[at] <= byte && byte <= pattern[at + 2])
          at += 3
        } else {
          found = found || pattern[at] == byte
          at += 1
        }
      }
      guard at < pattern.endIndex else { return byte == UInt8(ascii: "[") ? p + 1 : nil }
      return found != isNegated ? at + 1 : nil
    default: return pattern[p] == byte ? p + 1 : nil
    }
  }
}
