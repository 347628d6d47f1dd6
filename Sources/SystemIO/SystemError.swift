public import SystemPackage

/// A system call that failed: which one, on which path, and why.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The reason the operating system gave.
  public var errno: Errno
  /// The name of the call, as in the manual.
  public var call: String
  /// The path that it was about, where there is one.
  public var path: FilePath?

  public init(_ errno: Errno, call: String, path: FilePath? = nil) {
    self.errno = errno
    self.call = call
    self.path = path
  }

  public var description: String {
    guard let path else { return "\(call): \(errno)" }
    return "\(path): \(errno) (\(call))"
  }
}

extension SystemError {
  /// The error of the call that has just failed on this thread.
  package static func last(_ call: String, _ path: FilePath? = nil) -> SystemError {
    SystemError(Errno(rawValue: Platform.errorNumber), call: call, path: path)
  }
}

/// Calls again for as long as a signal interrupts, and turns -1 into a typed error.
@discardableResult
package func systemCall<Result: FixedWidthInteger>(
  _ name: String, _ path: @autoclosure () -> FilePath? = nil, _ body: () -> Result
) throws(SystemError) -> Result {
  while true {
    let result = body()
    if result != -1 { return result }
    if Platform.errorNumber != Errno.interrupted.rawValue { throw SystemError.last(name, path()) }
  }
}
