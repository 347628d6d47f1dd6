/// What must not be shown: a URL that nobody else may call, a command with a password in it.
package enum Secret {
  /// A hook (``Hook``) as it was given: when, and of whom it tells what ``masked(target:)`` leaves.
  package static func masked(hook text: String) -> String {
    guard let sign = text.firstIndex(of: "=") else { return masked(target: text) }
    let when = text[..<sign]
    // A bare URL may have such a sign too, and so may what is no hook.
    if when.contains("://") || when.contains(where: \.isWhitespace) { return masked(target: text) }
    return "\(when)=\(masked(target: String(text[sign...].dropFirst())))"
  }

  /// Of a URL its scheme and host, of a command its first word; `@FILE` as it is.
  package static func masked(target text: String) -> String {
    if text.hasPrefix("@") { return text }
    let word = text.prefix { !$0.isWhitespace }
    let name = word.prefix { $0 != "=" }
    if let url = parts(text), name.contains("://") {
      return "\(url.scheme)\(url.host)\(url.rest.isEmpty ? "" : "/***")"
    }
    // A variable for the command's environment.
    if name.endIndex < word.endIndex { return "\(name)=***" }
    return word.endIndex == text.endIndex ? text : "\(word) ***"
  }

  /// The arguments of a command line as they may be kept: without the values of `--notify` and, in any URL, the user's name
  /// and password, and of bounded length.
  package static func masked(arguments: [String]) -> [String] {
    var kept: [String] = []
    var hidesNext = false
    for argument in arguments.prefix(64) {
      if hidesNext {
        kept.append("***")
        hidesNext = false
      } else if argument.hasPrefix("--notify=") {
        kept.append("--notify=***")
      } else {
        hidesNext = argument == "--notify"
        kept.append(String(withoutCredentials(argument).prefix(1024)))
      }
    }
    if arguments.count > kept.count { kept.append("... and \(arguments.count - kept.count) more") }
    return kept
  }

  private static func withoutCredentials(_ text: String) -> String {
    guard let url = parts(text), url.hasCredentials else { return text }
    return "\(url.scheme)***@\(url.host)\(url.rest)"
  }

  /// `https://user:password@host/path`, cut into `https://`, `host` and `/path`; `nil` where there is no `://`.
  private static func parts(
    _ text: String
  ) -> (scheme: Substring, hasCredentials: Bool, host: Substring, rest: Substring)? {
    guard let mark = text.firstRange(of: "://") else { return nil }
    let authority = text[mark.upperBound...].prefix { !"/?#".contains($0) && !$0.isWhitespace }
    let at = authority.lastIndex(of: "@")
    let host = at.map { authority[$0...].dropFirst() } ?? authority
    return (text[..<mark.upperBound], at != nil, host, text[authority.endIndex...])
  }
}
