import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Terminal {
  /// What has been read of standard input behind the last line.
  private static let unread = Mutex<[UInt8]>([])

  /// Asks for a line.
  /// - Returns: The line without blanks at its ends; `nil` at the end of the input, or when a signal was caught.
  static func ask(_ prompt: String) -> String? {
    // Who asks says what a signal has ended.
    Interruption.watch()
    printErrorInPlace(printable(prompt))
    let line = readLine()
    // The cursor stands behind the prompt.
    if line == nil { printErrorInPlace("\n") }
    return line.map(trimmed)
  }

  private static func readLine() -> String? {
    var line: [UInt8] = unread.withLock { rest in
      defer { rest = [] }
      return rest
    }
    while true {
      if let end = line.firstIndex(of: 0x0A) {
        let rest = Array(line[(end + 1)...])
        unread.withLock { $0 = rest }
        return Arguments.text(of: Array(line[..<end]))
      }
      guard let more = readSome() else { return line.isEmpty ? nil : Arguments.text(of: line) }
      line += more
    }
  }

  /// Waits for input. A signal that comes right before the waiting begins is seen a moment later.
  private static func readSome() -> [UInt8]? {
    while Interruption.caught == nil {
      var request = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
      guard unsafe poll(&request, 1, 200) > 0 else { continue }
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(STDIN_FILENO, $0.baseAddress, $0.count) }
      if count > 0 { return Array(buffer[..<count]) }
      if count == 0 || errno != EINTR { return nil }
    }
    return nil
  }

  private static func trimmed(_ text: String) -> String {
    let isBlank = { (character: Character) in character == " " || character == "\t" || character == "\r" }
    return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }
}
