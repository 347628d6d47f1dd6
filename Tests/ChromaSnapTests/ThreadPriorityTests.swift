import Foundation
import Synchronization
import SystemIO
import Testing

#if os(Linux)
  struct ThreadPriorityTests {
    @Test func `Workers take over the priority of the caller`() async {
      let asked = ThreadPriority(niceness: 7)
      let found = await withCheckedContinuation { continuation in
        // A thread that ends: not everybody may make it as important again.
        Thread {
          asked.adopt()
          let found = Mutex<Set<ThreadPriority>>([])
          parallelLoop(items: 64, workers: 4) { next in
            while next() != nil {
              found.withLock { _ = $0.insert(.current) }
              usleep(1000)
            }
          }
          continuation.resume(returning: found.withLock { $0 })
        }.start()
      }
      #expect(found == [asked])
    }

    @Test func `So does what is found out in the background`() async {
      let asked = ThreadPriority(niceness: 7)
      let found = await withCheckedContinuation { continuation in
        Thread {
          asked.adopt()
          continuation.resume(returning: Background { ThreadPriority.current }.wait())
        }.start()
      }
      #expect(found == asked)
    }
  }
#endif
