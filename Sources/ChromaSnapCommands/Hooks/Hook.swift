package import SnapshotRepository

/// Whom to tell about a run, and when: `WHEN=TARGET`, or a URL.
///
/// `WHEN` is a list of events (`failure,alert`), of commands (`snapshot,check`), or of both (`restore:success`). `TARGET` is a
/// command line for `/bin/sh`, or a URL that the summary is posted to, or `ping:URL`: a dead man's switch in the manner of
/// healthchecks.io. A bare URL is short for `snapshot=ping:URL`.
package struct Hook: Hashable, Sendable {
  package enum Event: String, CaseIterable, Sendable {
    case start, success
    /// Saved, but incomplete or damaged in itself (exit code 3). Whoever waits for `failure` is told too.
    case warning
    case failure
    /// However the run ended: something is not as usual, such as a size, the free space, records that went.
    case alert
  }

  package enum Target: Hashable, Sendable {
    case command(String)
    case webhook(url: String)
    case ping(url: String)
  }

  struct Occasion: Hashable, Sendable {
    /// `nil`: any.
    var command: String?
    /// `nil`: any.
    var event: Event?
  }

  var occasions: [Occasion]
  package var target: Target

  /// - Parameter commands: The names of all commands: of another one nothing would ever be told.
  /// - Throws: `usage` where it makes no sense.
  package init(_ text: String, commands: Set<String> = ChromaSnapCommand.names) throws(SnapshotError) {
    if Self.isURL(text) {
      occasions = [Occasion(command: "snapshot", event: nil)]
      target = .ping(url: try Self.checked(text, in: text))
      return
    }
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 else {
      throw Self.refused(text, "say when: failure=COMMAND, or give a URL")
    }
    occasions = []
    for item in parts[0].split(separator: ",", omittingEmptySubsequences: false) {
      occasions.append(try Self.occasion(String(item), of: commands, in: text))
    }
    target = try Self.target(parts[1], in: text)
  }

  private static func occasion(
    _ item: String, of commands: Set<String>, in text: String
  ) throws(SnapshotError) -> Occasion {
    let parts = item.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let events = Event.allCases.map(\.rawValue).joined(separator: ", ")
    if parts.count == 1, let event = Event(rawValue: item) { return Occasion(command: nil, event: event) }
    guard commands.contains(parts[0]) else {
      throw refused(
        text, "\"\(Secret.masked(target: item))\" is no event (\(events)), no command, and no COMMAND:EVENT")
    }
    if parts.count == 1 { return Occasion(command: item, event: nil) }
    guard let event = Event(rawValue: parts[1]) else {
      throw refused(text, "\"\(parts[1])\" is no event: \(events)")
    }
    return Occasion(command: parts[0], event: event)
  }

  private static func target(_ target: String, in text: String) throws(SnapshotError) -> Target {
    if target.hasPrefix("ping:") { return .ping(url: try checked(String(target.dropFirst(5)), in: text)) }
    if isURL(target) { return .webhook(url: try checked(target, in: text)) }
    guard target.utf8.contains(where: { $0 > 0x20 }) else { throw refused(text, "it names no command and no URL") }
    return .command(target)
  }

  private static func isURL(_ text: String) -> Bool { text.hasPrefix("https://") || text.hasPrefix("http://") }

  private static func checked(_ url: String, in text: String) throws(SnapshotError) -> String {
    let host = url.split(separator: "/", omittingEmptySubsequences: false).dropFirst(2).first ?? ""
    guard isURL(url), !host.isEmpty, url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw refused(text, "a URL begins with http:// or https:// and a host, and has no blanks")
    }
    return url
  }

  private static func refused(_ text: String, _ why: String) -> SnapshotError {
    SnapshotError(.usage, "--notify \"\(Secret.masked(hook: text))\": \(why)", hint: examples)
  }

  static let examples = "Such as 'failure,alert=mail -s chromasnap me', or a URL."

  /// Whether it is to be told of an event of a command's run.
  package func fires(on event: Event, of command: String) -> Bool {
    occasions.contains { occasion in
      let isCommand =
        occasion.command == nil || occasion.command == command
        // Automatic ones are snapshots too.
        || (occasion.command == "snapshot" && command == "auto")
      let isEvent =
        occasion.event == nil
        ? event != .alert : occasion.event == event || (occasion.event == .failure && event == .warning)
      return isCommand && isEvent
    }
  }

  /// For messages: without what may be secret.
  package var name: String {
    switch target {
    case .command(let text), .webhook(let text), .ping(let text): Secret.masked(target: text)
    }
  }
}
