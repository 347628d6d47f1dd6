package import SystemIO
package import SystemPackage

/// A file on disk, read through an open descriptor that it closes when the last reference goes.
package final class DescriptorFile: RandomAccessFile {
  package let descriptor: Descriptor
  /// What fstat(2) said when the file was opened.
  package let status: FileStatus

  /// Takes over a descriptor.
  package init(_ descriptor: consuming Descriptor) throws(SystemError) {
    status = try descriptor.status()
    self.descriptor = descriptor
  }

  /// Opens a file. What is none, such as a FIFO, is refused rather than waited for.
  package convenience init(opening path: FilePath) throws(SystemError) {
    try self.init(Descriptor(opening: path, .read, [.nonBlocking]))
    guard status.kind == .file else { throw SystemError(.illegalSeek, call: "open", path: path) }
  }

  package var size: UInt64 { status.size }

  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
    unsafe try descriptor.read(at: offset, into: buffer)
  }

  package func prefetch(offset: UInt64, count: UInt64) { descriptor.prefetch(offset: offset, count: count) }
}
