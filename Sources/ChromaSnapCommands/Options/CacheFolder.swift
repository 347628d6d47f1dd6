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

/// The folder for what can be rebuilt at any time.
enum CacheFolder {
  /// Where nobody names one: the user's, else a private temporary one: cron may know no home.
  static var usual: FilePath {
    if Environment.value("XDG_CACHE_HOME")?.hasPrefix("/") == true, let folder = Environment.path("XDG_CACHE_HOME") {
      return folder.appending(Program.name)
    }
    if let home = Environment.home {
      let usual = home.appending(".cache")
      if mayWrite(FileStatus.exists(usual) ? usual : home) { return usual.appending(Program.name) }
    }
    return temporary
  }

  private static func mayWrite(_ folder: FilePath) -> Bool {
    unsafe folder.withPlatformString { unsafe access($0, W_OK) } == 0
  }

  /// A private folder below `/tmp`. One of that name that is somebody else's, or a link, is not used.
  private static var temporary: FilePath {
    let usual = FilePath("/tmp/\(Program.name)-\(geteuid())")
    _ = try? FileSystem.makeFolder(usual)
    if let status = try? FileStatus(at: usual, following: false), status.kind == .directory, status.owner == geteuid(),
      status.permissions & 0o077 == 0
    {
      return usual
    }
    var template = Array("/tmp/\(Program.name)-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { return usual }
    return unsafe template.withUnsafeBufferPointer { unsafe FilePath(platformString: $0.baseAddress!) }
  }
}
