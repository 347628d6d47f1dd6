import CPlatform
import Foundation
import SystemIO
import Testing

#if os(Linux)
  @Suite(.enabled(if: Platform.processorCount > 1))
  struct ProcessorSpreadTests {
    /// The processors that the calling thread may run on, as a list such as `0-3,6`, and the one that it runs on.
    private static func place() throws -> (allowed: Substring, now: Int32) {
      let status = try String(contentsOfFile: "/proc/thread-self/status", encoding: .utf8)
      let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") })
      return (line, cplatform_processor())
    }

    /// Puts the calling thread on a processor, from which the kernel may take it again.
    private static func move(to processor: Int32) { cplatform_leave_processors(~(1 << UInt64(processor))) }

    /// What a thread of its own makes of it.
    private static func onThread<Value: Sendable>(
      _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
      try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Result { try body() }) }.start()
      }
    }

    @Test func `A thread leaves a processor that another one works on, and may come back`() async throws {
      var left = 0
      for _ in 0..<20 {
        let spread = ProcessorSpread()
        let first = try await Self.onThread {
          let place = try Self.place()
          Self.move(to: place.now)
          spread.claim()
          return place
        }
        let second = try await Self.onThread {
          Self.move(to: first.now)
          spread.claim()
          return try Self.place()
        }
        #expect(second.allowed == first.allowed)
        left += second.now == first.now ? 0 : 1
      }
      // Now and then the kernel moves one of them meanwhile.
      #expect(left > 10)
    }
  }
#endif
