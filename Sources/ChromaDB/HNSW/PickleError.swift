/// Why a pickle could not be read.
package enum PickleError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file ends in the middle of it.
  case truncated
  /// Bytes follow its end.
  case trailingBytes
  /// An instruction that no pickle of Chroma has, at this offset. It is never executed.
  case unknownInstruction(UInt8, offset: UInt64)
  /// Instructions that do not fit each other, or a value of the wrong kind.
  case malformed(offset: UInt64)
  /// An object of another class than Chroma's.
  case foreignObject(offset: UInt64)
  /// A string, or the nesting, beyond what is read.
  case tooLarge(offset: UInt64)

  package var description: String {
    switch self {
    case .truncated: "the pickle ends too early"
    case .trailingBytes: "bytes follow the end of the pickle"
    case .unknownInstruction(let code, let offset): "unknown pickle instruction \(code) at \(offset)"
    case .malformed(let offset): "malformed pickle at \(offset)"
    case .foreignObject(let offset): "the pickle holds an object that is not Chroma's at \(offset)"
    case .tooLarge(let offset): "the pickle goes beyond its limits at \(offset)"
    }
  }
}
