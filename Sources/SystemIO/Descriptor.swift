import CPlatform
package import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An open file that is closed when its owner goes.
package struct Descriptor: ~Copyable, Sendable {
  package let raw: CInt
  /// For messages.
  package let path: FilePath

  /// Takes over an open descriptor.
  package init(adopting raw: CInt, path: FilePath) {
    self.raw = raw
    self.path = path
  }

  deinit { _ = close(raw) }

  package struct Options: OptionSet, Sendable {
    package let rawValue: CInt
    package init(rawValue: CInt) { self.rawValue = rawValue }
    package static let create = Options(rawValue: O_CREAT)
    package static let exclusive = Options(rawValue: O_EXCL)
    package static let truncate = Options(rawValue: O_TRUNC)
    package static let append = Options(rawValue: O_APPEND)
    package static let directory = Options(rawValue: O_DIRECTORY)
    package static let noFollow = Options(rawValue: O_NOFOLLOW)
    package static let nonBlocking = Options(rawValue: O_NONBLOCK)
  }

  package enum Access: Sendable {
    case read, write, readWrite
    var flags: CInt {
      switch self {
      case .read: O_RDONLY
      case .write: O_WRONLY
      case .readWrite: O_RDWR
      }
    }
  }

  /// open(2), close-on-exec.
  package init(
    opening path: FilePath, _ access: Access = .read, _ options: Options = [], permissions: UInt32 = 0o600
  ) throws(SystemError) {
    let raw = try systemCall("open", path) {
      unsafe path.withPlatformString {
        unsafe open($0, access.flags | options.rawValue | O_CLOEXEC, mode_t(permissions))
      }
    }
    self.init(adopting: raw, path: path)
  }

  /// openat(2) of one name in a directory, close-on-exec, never following a symbolic link.
  package init(
    opening name: [UInt8], in directory: borrowing Descriptor, _ access: Access = .read, _ options: Options = [],
    permissions: UInt32 = 0o600
  ) throws(SystemError) {
    let folder = directory.raw
    let raw = try systemCall("openat", directory.path.appending(nameBytes: name)) {
      unsafe withCString(name) {
        unsafe openat(
          folder, $0, access.flags | options.rawValue | O_CLOEXEC | O_NOFOLLOW, mode_t(permissions))
      }
    }
    self.init(adopting: raw, path: directory.path.appending(nameBytes: name))
  }

  /// fstat(2).
  package func status() throws(SystemError) -> FileStatus {
    var status = Platform.Stat()
    try systemCall("fstat", path) { unsafe fstat(raw, &status) }
    return FileStatus(status)
  }

  /// fstatat(2) of one name in this directory, not following a symbolic link.
  package func status(of name: [UInt8]) throws(SystemError) -> FileStatus { try status(of: name[...]) }

  package func status(of name: ArraySlice<UInt8>) throws(SystemError) -> FileStatus {
    var status = Platform.Stat()
    try systemCall("fstatat", path.appending(nameBytes: [UInt8](name))) {
      unsafe withCString(name) { unsafe fstatat(raw, $0, &status, AT_SYMLINK_NOFOLLOW) }
    }
    return FileStatus(status)
  }

  /// Reads up to the capacity of `buffer` from `offset`; fewer bytes only at the end of the file.
  package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
    var done = 0
    while done < buffer.count {
      let count = try systemCall("pread", path) {
        unsafe pread(raw, buffer.baseAddress! + done, buffer.count - done, off_t(offset) + off_t(done))
      }
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// The whole file, as long as it is no longer than `limit` bytes.
  package func readAll(limit: Int) throws(SystemError) -> [UInt8] {
    let size = try status().size
    guard size <= UInt64(limit) else { throw SystemError(.fileTooLarge, call: "read", path: path) }
    var failure: SystemError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
      do throws(SystemError) { count = unsafe try read(at: 0, into: UnsafeMutableRawBufferPointer(buffer)) } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Writes all of `bytes` at the current position.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      done += try systemCall("write", path) {
        unsafe SystemLibrary.write(raw, bytes.baseAddress! + done, bytes.count - done)
      }
    }
  }

  package func write(_ bytes: [UInt8]) throws(SystemError) {
    unsafe try bytes.rawSpan.withUnsafeBytes { (buffer) throws(SystemError) in unsafe try write(buffer) }
  }

  /// Writes all of `bytes` at `offset`.
  package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      done += try systemCall("pwrite", path) {
        unsafe pwrite(raw, bytes.baseAddress! + done, bytes.count - done, off_t(offset) + off_t(done))
      }
    }
  }

  /// ftruncate(2).
  package func resize(to size: UInt64) throws(SystemError) {
    try systemCall("ftruncate", path) { ftruncate(raw, off_t(size)) }
  }

  /// Makes content and metadata durable. A failure says that the content may be gone: it is not tried again.
  package func synchronize() throws(SystemError) {
    try systemCall("fsync", path) { cplatform_full_sync(raw) }
  }

  /// Makes the whole file system that holds this file durable.
  package func synchronizeFileSystem() throws(SystemError) {
    try systemCall("syncfs", path) { cplatform_sync_file_system(raw) }
  }

  /// What offset, length and address of a write past the page cache must be multiples of, on any usual disk.
  package static let directBlockBytes = 4096

  /// Lets what is written from here on go past the page cache, or through it again.
  /// - Returns: Whether the file system can do that. A write may still fail with `invalidArgument` where it can't.
  package func bypassCache(_ bypass: Bool) -> Bool { cplatform_bypass_cache(raw, bypass) == 0 }

  /// Starts writing a range back to the disk, without waiting.
  package func startWriteback(offset: UInt64, count: UInt64) {
    cplatform_start_writeback(raw, off_t(offset), off_t(count))
  }

  /// Lets the system fetch a range that will be read soon. It may wait for a disk that is busy, but not for the bytes.
  package func prefetch(offset: UInt64, count: UInt64) {
    cplatform_prefetch(raw, off_t(offset), off_t(count))
  }

  /// The first offset at or after `offset` that holds data rather than a hole; `nil` where none follows.
  package func nextData(from offset: UInt64) -> UInt64? {
    let found = cplatform_next_data(raw, off_t(offset))
    if found >= 0 { return UInt64(found) }
    // A file system without SEEK_DATA has no holes that could be told.
    return Platform.errorNumber == ENXIO ? nil : offset
  }

  /// Copies this handle: both refer to the same open file.
  package func duplicate() throws(SystemError) -> Descriptor {
    Descriptor(adopting: try systemCall("fcntl", path) { fcntl(raw, F_DUPFD_CLOEXEC, 0) }, path: path)
  }
}

/// The C library's functions whose names a method hides.
private enum SystemLibrary {
  static func write(_ descriptor: CInt, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    #if canImport(Glibc)
      unsafe Glibc.write(descriptor, bytes, count)
    #elseif canImport(Musl)
      unsafe Musl.write(descriptor, bytes, count)
    #else
      unsafe Darwin.write(descriptor, bytes, count)
    #endif
  }
}

/// Calls `body` with a name as a C string.
package func withCString<Result>(
  _ name: some Collection<UInt8>, _ body: (UnsafePointer<CChar>) -> Result
) -> Result {
  unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: name.count + 1) { buffer in
    let end = unsafe buffer.initialize(fromContentsOf: name)
    unsafe buffer[end] = 0
    return unsafe buffer.withMemoryRebound(to: CChar.self) { unsafe body($0.baseAddress!) }
  }
}

extension FilePath {
  /// This path with one more component, given as the bytes of its name.
  package func appending(nameBytes name: [UInt8]) -> FilePath {
    var bytes = [CChar]()
    unsafe withPlatformString { start in
      var i = 0
      while unsafe start[i] != 0 {
        unsafe bytes.append(start[i])
        i += 1
      }
    }
    if let last = bytes.last, last != CChar(bitPattern: UInt8(ascii: "/")) {
      bytes.append(CChar(bitPattern: UInt8(ascii: "/")))
    }
    for byte in name { bytes.append(CChar(bitPattern: byte)) }
    bytes.append(0)
    return unsafe bytes.withUnsafeBufferPointer { unsafe FilePath(platformString: $0.baseAddress!) }
  }

  /// This path with something behind its last name.
  package func appending(suffix: String) -> FilePath { FilePath(bytes: bytes + Array(suffix.utf8)) }

  /// The path's bytes as the operating system sees them, without the terminating zero.
  package var bytes: [UInt8] {
    unsafe withPlatformString { start in
      var result = [UInt8]()
      var i = 0
      while unsafe start[i] != 0 {
        unsafe result.append(UInt8(bitPattern: start[i]))
        i += 1
      }
      return result
    }
  }

  /// A path from the bytes that the operating system uses.
  package init(bytes: [UInt8]) {
    self = unsafe SystemIO.withCString(bytes) { unsafe FilePath(platformString: $0) }
  }
}
