package import SystemIO
import SystemPackage

/// A verb of an object store that failed.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    case notFound = "not_found"
    /// The object ends before what was asked for.
    case truncated
    /// The object is longer than anything of its kind may be.
    case tooLarge = "too_large"
    case noPermission = "no_permission"
    case noSpace = "no_space"
    case readOnly = "read_only"
    /// Anything else that the operating system said.
    case failed
  }

  package var code: Code
  /// The object's name, or the folder's.
  package var object: String
  package var cause: SystemError?

  package init(_ code: Code, _ object: String, cause: SystemError? = nil) {
    self.code = code
    self.object = object
    self.cause = cause
  }

  package init(_ object: String, _ cause: SystemError) {
    let code: Code =
      switch cause.errno {
      case .noSuchFileOrDirectory, .notDirectory: .notFound
      case .permissionDenied, .notPermitted: .noPermission
      case .noSpace, .diskQuotaExceeded: .noSpace
      case .readOnlyFileSystem: .readOnly
      default: .failed
      }
    self.init(code, object, cause: cause)
  }

  /// Whether the object itself is at fault, and not the moment or who reads it.
  package var isDamage: Bool { code == .truncated || code == .tooLarge || cause?.errno == .ioError }

  package var description: String {
    switch code {
    case .notFound: "\(object) is not there"
    case .truncated: "\(object) is shorter than it should be"
    case .tooLarge: "\(object) is longer than it should be"
    default: cause.map(\.description) ?? "\(object): \(code.rawValue)"
    }
  }
}
