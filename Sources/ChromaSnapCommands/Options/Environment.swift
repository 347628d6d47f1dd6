import ChromaSnap
import SystemIO
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What the environment says.
enum Environment {
  /// A variable's value; an empty one counts as not set.
  static func value(_ name: String) -> String? {
    guard let found = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: found)
    return text.isEmpty ? nil : text
  }

  /// Has libdispatch say nothing, where nobody has asked it to: under `nice` it tells the system's log that it could not
  /// make its threads more important, which nobody wants (``ThreadPriority``).
  static func quietenDispatch() { unsafe _ = setenv("LIBDISPATCH_LOG", "NO", 0) }

  /// A variable's value as text that carries any bytes, as that of an argument does.
  static func text(_ name: String) -> String? {
    guard let found = unsafe getenv(name) else { return nil }
    let bytes = unsafe Array(UnsafeRawBufferPointer(start: found, count: strlen(found)))
    return bytes.isEmpty ? nil : Arguments.text(of: bytes)
  }

  /// What keeps a chromasnap that is run because of hooks from telling anybody in turn, whatever configuration it finds, and so
  /// without end.
  static let noHooks = (name: "CHROMASNAP_NOTIFY", value: HookSources.none)

  /// Ours, as `NAME=value`, with these variables in the place of any of their names.
  static func with(_ variables: [(name: String, value: String)]) -> [[UInt8]] {
    let replaced = variables.map { Array("\($0.name)=".utf8) }
    return Platform.environment.filter { variable in !replaced.contains { variable.starts(with: $0) } }
      + variables.map { Array("\($0.name)=\($0.value)".utf8.filter { $0 != 0 }) }
  }

  /// The user's folder: the passwd entry's rather than $HOME, which sudo and cron set to somebody else's, or not at all.
  static var home: FilePath? {
    guard let entry = unsafe getpwuid(geteuid()), let home = unsafe entry.pointee.pw_dir else { return nil }
    return unsafe FilePath(platformString: home)
  }
}

extension Environment {
  /// A variable's value as a path, from the root; any bytes.
  static func path(_ name: String) -> FilePath? {
    guard value(name) != nil, let found = unsafe getenv(name) else { return nil }
    return unsafe FilePath(platformString: found).absolute
  }
}

extension FilePath {
  /// A path from the command line, from the root.
  init(argument: String) { self = FilePath(bytes: Arguments.bytes(of: argument)).absolute }
}
