import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The standard streams: data to one, everything said about it to the other.
enum Terminal {
  /// Whether a person reads what is said.
  static var isErrorTerminal: Bool { isatty(STDERR_FILENO) == 1 }
  static var isOutputTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
  /// Whether a person can be asked.
  static var canAsk: Bool { isatty(STDIN_FILENO) == 1 && isErrorTerminal }

  static func print(_ line: String) { print([line]) }

  static func print(_ lines: [String]) {
    write(Array(printable(lines.map { $0 + "\n" }.joined()).utf8), to: STDOUT_FILENO)
  }

  static func printError(_ line: String) { write(Array(printable(line).utf8) + [0x0A], to: STDERR_FILENO) }

  /// Text without what a terminal would obey: names may hold any characters.
  /// - Parameter inOneLine: Whether it must not end a line, nor move within it.
  static func printable(_ text: String, inOneLine: Bool = false) -> String {
    func isControl(_ scalar: Unicode.Scalar) -> Bool {
      if !inOneLine, scalar == "\n" || scalar == "\t" { return false }
      return scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if isControl(scalar) {
        result += "\\x\(hexadecimal([UInt8(scalar.value)]))".unicodeScalars
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }

  static func printErrorInPlace(_ text: String) { write(Array(text.utf8), to: STDERR_FILENO) }

  static func write(_ bytes: [UInt8]) { write(bytes, to: STDOUT_FILENO) }

  private static let outputFailure = Atomic<CInt>(0)

  /// Whether nothing more can be written to standard output: it failed, or nobody reads on.
  static var isOutputOver: Bool { outputFailure.load(ordering: .relaxed) != 0 }

  /// That data could not be written to standard output, if it could not.
  static var outputError: SnapshotError? {
    let number = outputFailure.load(ordering: .relaxed)
    // Whoever reads a pipe may stop early; that is no failure.
    guard number != 0, number != EPIPE else { return nil }
    return SnapshotError(.failed, "the output could not be written: \(Errno(rawValue: number))")
  }

  private static func write(_ bytes: [UInt8], to descriptor: CInt) {
    unsafe bytes.withUnsafeBytes { unsafe write($0, to: descriptor) }
  }

  /// Writes bytes as they are.
  static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt = STDOUT_FILENO) {
    var done = 0
    while done < bytes.count {
      #if canImport(Glibc)
        let count = unsafe Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      #elseif canImport(Musl)
        let count = unsafe Musl.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      #else
        let count = unsafe Darwin.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      #endif
      if count < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        if descriptor == STDOUT_FILENO { outputFailure.store(errno, ordering: .relaxed) }
        return
      }
      done += count
    }
  }

  /// Asks a yes-or-no question; anything but yes is no.
  static func confirm(_ question: String) -> Bool {
    let answer = ask("\(question) [y/N] ")?.lowercased() ?? ""
    return answer == "y" || answer == "yes"
  }

  /// How many characters a line of standard error may have.
  static var errorWidth: Int { width(of: STDERR_FILENO) ?? 80 }
  /// How many characters a line of standard output may have; `nil` where it is no terminal.
  static var outputWidth: Int? { isOutputTerminal ? width(of: STDOUT_FILENO) ?? 80 : nil }

  private static func width(of descriptor: CInt) -> Int? {
    var size = winsize()
    guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }
}
