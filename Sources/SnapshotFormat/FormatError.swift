/// Bytes that are not what the repository format says they should be.
public struct FormatError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Code: String, Sendable {
    /// It ends before it should.
    case truncated
    /// It does not begin as its kind does.
    case notThisFormat = "not_this_format"
    /// A version, codec or feature that this program does not know.
    case unsupported
    /// A checksum or an id does not match the bytes.
    case checksum
    /// A length or count is past its hard limit, or parts contradict each other.
    case inconsistent
  }

  public var code: Code
  /// What is wrong, for a person.
  public var message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
