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

  package convenience init(opening path: FilePath) throws(SystemError) {
    try self.init(Descriptor(opening: path))
  }

  package var size: UInt64 { status.size }

  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
    unsafe try descriptor.read(at: offset, into: buffer)
  }
}

/// A file of which every byte is in memory.
package struct MemoryFile: RandomAccessFile {
  private let content: [UInt8]

  package init(_ content: [UInt8]) { self.content = content }

  package var size: UInt64 { UInt64(content.count) }

  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
    guard offset < size else { return 0 }
    let count = min(buffer.count, content.count - Int(offset))
    unsafe content.withUnsafeBytes { source in
      if count > 0 { unsafe buffer.baseAddress!.copyMemory(from: source.baseAddress! + Int(offset), byteCount: count) }
    }
    return count
  }
}
