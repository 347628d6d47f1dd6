package import SystemIO

/// Bytes that can be read anywhere, by several threads at once: what an archive is read from.
package protocol RandomAccess: ~Copyable, Sendable {
  /// How many bytes there are.
  func size() throws(SystemError) -> UInt64

  /// Reads up to the capacity of `buffer` from `offset`; fewer bytes only at the end.
  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int
}

extension Descriptor: RandomAccess {
  package func size() throws(SystemError) -> UInt64 { try status().size }
}
