#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

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
    do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch let error as FormatError { throw error } catch
    {
      throw FormatError(.inconsistent, "\(subject) is not the JSON that it should be")
    }
  }
}
