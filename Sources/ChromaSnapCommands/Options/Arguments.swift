import ChromaSnap

/// The command line's arguments. A path may hold any bytes, an argument here is text: bytes that are not UTF-8 are carried
/// as scalars of a private plane, and become bytes again where a path is made.
enum Arguments {
  /// Byte b that is no part of UTF-8 is this scalar plus b. Plane 16 is for private use (Unicode, 23.5).
  private static let privateBase: UInt32 = 0x10FE00

  /// The arguments, without the program's name.
  static var all: [String] {
    let count = Int(CommandLine.argc)
    return (1..<max(1, count)).map { i in
      guard let start = unsafe CommandLine.unsafeArgv[i] else { return "" }
      var bytes: [UInt8] = []
      var at = 0
      while unsafe start[at] != 0 {
        unsafe bytes.append(UInt8(bitPattern: start[at]))
        at += 1
      }
      return text(of: bytes)
    }
  }

  /// What is wrong with a path that is empty, as that of a script's unset variable is: it would name the working directory.
  static func emptyPath(in arguments: [String]) -> String? {
    let pathOptions = [
      "--to", "--repo", "-r", "--source", "--cache-dir", "--config", "--log-file", "--metrics-file",
    ]
    let textOptions = ["--name", "--tag", "--description", "--exclude", "--include", "--notify"]
    for (position, argument) in arguments.enumerated() {
      if let option = pathOptions.first(where: { argument == "\($0)=" }) { return empty(option) }
      guard argument.isEmpty else { continue }
      let before = position > 0 ? arguments[position - 1] : ""
      if pathOptions.contains(before) { return empty(before) }
      if !textOptions.contains(before) { return empty("an argument") }
    }
    return nil
  }

  private static func empty(_ what: String) -> String { "\(what) is empty: is a variable unset?" }

  /// An argument for people.
  static func shown(_ text: String) -> String { String(decoding: bytes(of: text), as: UTF8.self) }

  static func text(of bytes: [UInt8]) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    var text = String.UnicodeScalarView()
    var rest = bytes[...]
    while !rest.isEmpty {
      let length = (1...min(4, rest.count)).first { String(validating: rest.prefix($0), as: UTF8.self) != nil }
      if let length {
        text.append(contentsOf: String(decoding: rest.prefix(length), as: UTF8.self).unicodeScalars)
        rest = rest.dropFirst(length)
      } else {
        if let scalar = Unicode.Scalar(privateBase + UInt32(rest.removeFirst())) { text.append(scalar) }
      }
    }
    return String(text)
  }

  /// Whether a text holds bytes that are not UTF-8.
  static func carriesBytes(_ text: String) -> Bool { text.unicodeScalars.contains(where: isByte) }

  private static func isByte(_ scalar: Unicode.Scalar) -> Bool {
    (privateBase + 0x80...privateBase + 0xFF).contains(scalar.value)
  }

  static func bytes(of text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    for scalar in text.unicodeScalars {
      if isByte(scalar) {
        bytes.append(UInt8(scalar.value - privateBase))
      } else {
        bytes += Array(String(scalar).utf8)
      }
    }
    return bytes
  }
}
