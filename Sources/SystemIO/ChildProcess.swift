import CPlatform
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A program that is run to its end, or to the end of somebody's patience.
package struct ChildProcess: Sendable {
  /// How it ended.
  package enum Ending: Hashable, Sendable {
    case exited(Int32)
    case signalled(Int32)
    case timedOut
  }

  /// The program, found through PATH, and its arguments: bytes, none of them 0.
  package var arguments: [[UInt8]]
  /// `NAME=value`.
  package var environment: [[UInt8]]
  /// Seconds; then it and what it has started are ended.
  package var timeout: Double

  package init(_ arguments: [[UInt8]], environment: [[UInt8]], timeout: Double) {
    self.arguments = arguments
    self.environment = environment
    self.timeout = timeout
  }

  /// Runs it. It inherits nothing but what is given here.
  /// - Parameters:
  ///   - input: Its standard input.
  ///   - extra: Its descriptor 3.
  ///   - output: Its standard output.
  ///   - errors: Its standard error.
  package func run(
    input: borrowing Descriptor, extra: borrowing Descriptor, output: borrowing Descriptor,
    errors: borrowing Descriptor
  ) throws(SystemError) -> Ending {
    let (inputDescriptor, extraDescriptor) = (input.raw, extra.raw)
    let (outputDescriptor, errorDescriptor) = (output.raw, errors.raw)
    let (list, variables) = (Self.joined(arguments), Self.joined(environment))
    let (count, variableCount) = (arguments.count, environment.count)
    let stopwatch = Stopwatch()
    let process = try systemCall("posix_spawn", FilePath(bytes: arguments.first ?? [])) {
      unsafe list.withUnsafeBufferPointer { list in
        unsafe variables.withUnsafeBufferPointer { variables in
          unsafe cplatform_spawn(
            list.baseAddress, count, variables.baseAddress, variableCount, inputDescriptor, outputDescriptor,
            errorDescriptor, extraDescriptor)
        }
      }
    }
    if let ending = try wait(for: process, until: { stopwatch.seconds >= timeout }) { return ending }
    // Its group has its id: whatever it has started goes too.
    kill(-process, SIGTERM)
    let grace = Stopwatch()
    let isGone = try wait(for: process, until: { grace.seconds >= 2 }) != nil
    // It may have left behind what takes no notice of the signal.
    while isGone, grace.seconds < 2, kill(-process, 0) == 0 { sleepFor(seconds: 0.01) }
    kill(-process, SIGKILL)
    if !isGone { _ = try wait(for: process, until: { false }) }
    return .timedOut
  }

  private func wait(for process: pid_t, until isOver: () -> Bool) throws(SystemError) -> Ending? {
    var pause = 0.001
    while true {
      var status: CInt = 0
      if try systemCall("waitpid", nil, { unsafe waitpid(process, &status, WNOHANG) }) == process {
        let signal = status & 0x7F
        return signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
      }
      if isOver() { return nil }
      sleepFor(seconds: pause)
      pause = min(pause * 2, 0.05)
    }
  }

  private static func joined(_ strings: [[UInt8]]) -> [CChar] {
    var bytes: [CChar] = []
    for string in strings { bytes += string.map { CChar(bitPattern: $0) } + [0] }
    return bytes + [0]
  }
}
