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
}

extension FilePath {
  /// This path, from the root.
  var absolute: FilePath { isAbsolute ? self : FileSystem.currentFolder.pushing(self).lexicallyNormalized() }
}

/// The folder for what can be rebuilt at any time.
enum CacheFolder {
  /// The one that was named, else the environment's, else the user's, else a private temporary one: cron may know no home.
  static func find(_ named: String?) -> FilePath {
    if let named { return FilePath(named).absolute }
    if let folder = Environment.value("CHROMASNAP_CACHE_DIR") { return FilePath(folder).absolute }
    if let folder = Environment.value("XDG_CACHE_HOME"), folder.hasPrefix("/") {
      return FilePath(folder).appending(Program.name)
    }
    // The passwd entry rather than $HOME, which sudo and cron set to somebody else's, or not at all.
    if let entry = unsafe getpwuid(geteuid()), let home = unsafe entry.pointee.pw_dir {
      let folder = FilePath(unsafe String(cString: home))
      if unsafe access(folder.string, W_OK) == 0 { return folder.appending(".cache").appending(Program.name) }
    }
    return FilePath("/tmp/\(Program.name)-\(geteuid())")
  }
}
