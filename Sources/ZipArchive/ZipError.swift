import SystemIO

/// Why an archive can't be written or read: a kind, a sentence, what to do next, which entry, and the cause.
package struct ZipError: Error, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Sendable {
    /// The file is no ZIP archive, or its end is missing.
    case notAnArchive
    /// The bytes contradict the format, themselves or a checksum.
    case damaged
    /// An entry, or the archive, needs a password.
    case encrypted
    /// A feature of the format that is not read here: a compression method, several volumes, a device.
    case unsupported
    /// A name that leads out of the folder that the archive is unpacked into, or that means another thing elsewhere.
    case unsafeName
    /// Two entries have the same name, or one lies below another that is no directory.
    case duplicateName
    /// Two entries share bytes of the archive.
    case overlapping
    /// More or larger than the limits allow: what a decompression bomb looks like.
    case overLimit
    /// An entry's content could not be read while the archive was written.
    case contentUnreadable
    /// An entry's content changed while the archive was written.
    case contentChanged
    /// A system call failed on the archive itself.
    case inputOutput
  }

  package var code: Code
  /// What happened, in a sentence.
  package var message: String
  /// What to do next, in a sentence.
  package var hint: String?
  /// The entry that it happened to, for people.
  package var entry: String?
  package var cause: (any Error)?

  package init(
    _ code: Code, _ message: String, hint: String? = nil, entry: String? = nil, cause: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.hint = hint
    self.entry = entry
    self.cause = cause
  }

  /// The message, and the entry that it is about.
  package var sentence: String { entry.map { "\(message) (entry \"\($0)\")" } ?? message }

  package var description: String {
    var text = sentence
    if let cause { text += ": \(cause)" }
    if let hint { text += "\n  \(hint)" }
    return text
  }
}

extension ZipError {
  static func damaged(_ message: String, entry: String? = nil) -> ZipError {
    ZipError(
      .damaged, message, hint: "Take another copy of this archive: this one is not whole.", entry: entry)
  }

  init(_ cause: SystemError) {
    self.init(.inputOutput, "the archive could not be read or written", cause: cause)
  }
}

/// Runs system calls on the archive.
func onArchive<Result: ~Copyable>(_ body: () throws(SystemError) -> Result) throws(ZipError) -> Result {
  do throws(SystemError) { return try body() } catch { throw ZipError(error) }
}
