package import SystemIO
package import SystemPackage

/// A file of metrics: replaced as a whole, by one process at a time. It is for another program to read, so unlike all else
/// that this one makes it is readable for everybody, unless it was there with other permissions.
package struct MetricsFile: Sendable {
  package var path: FilePath

  /// - Parameter path: From the root.
  package init(_ path: FilePath) { self.path = path }

  package func update(_ change: (inout MetricsText) -> Void) throws(SystemError) {
    // A rename would put the file in the place of a link to it.
    let path = (try? FileSystem.resolve(path)) ?? path
    let folder = path.removingLastComponent()
    let lock = try lock(folder)
    defer { _ = lock }
    var metrics = MetricsText(RunMetrics.descriptions)
    let old = try? Descriptor(opening: path)
    if let bytes = try? old?.readAll(limit: 16 << 20) { metrics.merge(String(decoding: bytes, as: UTF8.self)) }
    let present = try? FileStatus(at: path)
    // A rename would put a file in the place of a device.
    if let present, present.kind != .file { throw SystemError(.invalidArgument, call: "rename", path: path) }
    let permissions = present?.permissions ?? 0o644
    change(&metrics)
    // A collector takes what ends in .prom, so it never sees this name.
    let temporary = folder.appending(".chromasnap-\(UInt64.random(in: .min ... .max))")
    do throws(SystemError) {
      let file = try Descriptor(opening: temporary, .write, [.create, .exclusive])
      try file.write(Array(metrics.text.utf8))
      try FileSystem.setPermissions(permissions & 0o777, at: temporary)
      try FileSystem.rename(temporary, to: path)
    } catch {
      try? FileSystem.removeFile(temporary)
      throw error
    }
  }

  /// Waits a little for whoever else is writing, and no longer: the worst is that one run's values are missing.
  private func lock(_ folder: FilePath) throws(SystemError) -> FileLock? {
    let stopwatch = Stopwatch()
    while true {
      if let lock = try FileLock.attempt(folder: folder) { return lock }
      if stopwatch.seconds > 2 { return nil }
      sleepFor(seconds: 0.01)
    }
  }
}
