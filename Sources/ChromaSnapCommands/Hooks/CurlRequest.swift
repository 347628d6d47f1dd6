/// One request, as a configuration for the program curl. It is read from curl's standard input: a secret URL stands in no
/// list of processes.
package struct CurlRequest: Hashable, Sendable {
  package var url: String
  package var contentType: String
  /// Seconds for one try.
  package var tryTimeout = 10
  /// So many more tries.
  package var retries = 2

  package init(url: String, contentType: String) {
    self.url = url
    self.contentType = contentType
  }

  /// Nothing of the user's own configuration is read.
  package static let arguments = ["curl", "-q", "--config", "-"]

  /// The body is its descriptor 3.
  package var configuration: String {
    [
      "url = \(Self.quoted(url))", "data-binary = \"@/dev/fd/3\"",
      "header = \(Self.quoted("Content-Type: \(contentType)"))",
      "user-agent = \"chromasnap\"", "silent", "show-error", "fail", "globoff", "output = \"/dev/null\"",
      "connect-timeout = 5", "max-time = \(tryTimeout)", "retry = \(retries)", "retry-delay = 1",
      "proto = \"=http,https\"",
      // A message that was only redirected would be lost without a word.
      "location", "post301", "post302", "post303", "max-redirs = 3", "proto-redir = \"=http,https\"",
    ].joined(separator: "\n") + "\n"
  }

  private static func quoted(_ text: String) -> String {
    "\"" + text.reduce(into: "") { $0 += $1 == "\\" || $1 == "\"" ? "\\\($1)" : String($1) } + "\""
  }

  /// The URL that a switch in the manner of healthchecks.io knows for an event.
  package static func pingURL(_ url: String, for event: Hook.Event) -> String {
    let ending =
      switch event {
      case .start: "/start"
      case .warning, .failure, .alert: "/fail"
      case .success: ""
      }
    let parts = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var base = String(parts[0])
    if !ending.isEmpty, base.hasSuffix("/") { base.removeLast() }
    return base + ending + (parts.count > 1 ? "?\(parts[1])" : "")
  }
}
