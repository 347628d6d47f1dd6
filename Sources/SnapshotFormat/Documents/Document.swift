#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A document that says which version of the format it is in.
package protocol VersionedDocument: Codable {
  var version: Int { get }
}

/// A small JSON object of the repository whose name is the SHA-256 of its bytes.
package enum Document {
  /// A value as JSON with its keys sorted: the same value gives the same bytes.
  package static func encode(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { preconditionFailure("a document of plain values") }
    return [UInt8](data)
  }

  package static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8], called subject: String
  ) throws(FormatError) -> Value {
    try decodeAny(from: bytes, called: subject)
  }

  private static func decodeAny<Value: Decodable>(
    from bytes: [UInt8], called subject: String
  ) throws(FormatError) -> Value {
    do { return try JSONDecoder().decode(Value.self, from: Data(bytes)) } catch let error as FormatError {
      throw error
    } catch {
      throw FormatError(.inconsistent, "\(subject) is not the JSON that it should be")
    }
  }

  /// The same for a document that says its version. Of another version nothing else need be as this program knows it.
  package static func decode<Value: VersionedDocument>(
    _ type: Value.Type, from bytes: [UInt8], called subject: String
  ) throws(FormatError) -> Value {
    try decode(type, from: bytes, called: subject, version: 1)
  }

  /// The same where the version that this program knows is another one.
  package static func decode<Value: VersionedDocument>(
    _ type: Value.Type, from bytes: [UInt8], called subject: String, version known: Int
  ) throws(FormatError) -> Value {
    let newer = FormatError(.unsupported, "\(subject) is of a version that this program does not know")
    do throws(FormatError) {
      let value: Value = try decodeAny(from: bytes, called: subject)
      guard value.version == known else { throw newer }
      return value
    } catch {
      guard error.code != .unsupported, let head: Head = try? decodeAny(from: bytes, called: subject),
        head.version != known
      else { throw error }
      throw newer
    }
  }

  private struct Head: Decodable { var version: Int }
}
