/// What must not be shown: a URL that nobody else may call, a command with a password in it.
enum Secret {
  /// Of a URL its scheme and host, of anything else its first word; `@FILE` as it is.
  static func masked(_ text: String) -> String {
    if text.hasPrefix("@") { return text }
    guard let mark = text.firstRange(of: "://") else {
      let word = text.prefix { $0 != " " }
      return word.count == text.count ? text : "\(word) ***"
    }
    let rest = text[mark.upperBound...]
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? authority
    return "\(text[..<mark.upperBound])\(host)\(authority.count == rest.count ? "" : "/***")"
  }
}
