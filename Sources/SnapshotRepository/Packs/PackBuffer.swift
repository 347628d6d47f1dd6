import SnapshotFormat
import SystemIO

/// Stored chunks on their way to the disk. One thread at a time has it: that which fills it, then that which writes it.
final class PackBuffer: @unchecked Sendable {
  /// A buffer is written once it holds this much: little enough to stay in the processor's cache until then.
  static let pieceBytes = 1 << 20
  /// The same for a pack's first one: what the workers hold that is less becomes one pack.
  static let firstPieceBytes = 2 << 20

  var bytes = ByteBuffer(
    capacity: firstPieceBytes + 2 * Limits.storedChunkBytes, alignment: Descriptor.directBlockBytes)

  /// Moves what is behind the last whole block to another buffer, which becomes that: what follows in the file begins a
  /// block, too.
  func moveRemainder(to other: PackBuffer) {
    let whole = bytes.count / Descriptor.directBlockBytes * Descriptor.directBlockBytes
    other.bytes.count = 0
    let view = unsafe bytes.pointer.bytes
    other.bytes.append(view.extracting(whole...))
    bytes.count = whole
  }
}
