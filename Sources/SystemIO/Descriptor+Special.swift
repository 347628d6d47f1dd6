import CPlatform
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Descriptor {
  /// A file without a name that holds these bytes, to be read from its beginning.
  package static func holding(_ bytes: [UInt8]) throws(SystemError) -> Descriptor {
    let path = FilePath("memory")
    let file = Descriptor(adopting: try systemCall("memfd_create", path) { cplatform_memory_file() }, path: path)
    try file.write(bytes)
    let raw = file.raw
    try systemCall("lseek", path) { lseek(raw, 0, SEEK_SET) }
    return file
  }

  /// This process's standard error; nothing where it has none.
  package static func standardError() throws(SystemError) -> Descriptor {
    let raw = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 4)
    return raw >= 0 ? Descriptor(adopting: raw, path: "stderr") : try Descriptor(opening: "/dev/null", .write)
  }
}
