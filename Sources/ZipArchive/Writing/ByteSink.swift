package import SystemIO

/// Where an archive goes: bytes one after another, never back.
package protocol ByteSink: ~Copyable, Sendable {
  /// Takes all of `bytes`. Called by one thread at a time.
  func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError)
}

/// An open file takes the archive at its current position.
extension Descriptor: ByteSink {}
