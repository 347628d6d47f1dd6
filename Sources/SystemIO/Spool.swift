import Synchronization
package import SystemPackage

/// Bytes that are set aside to be worked on later: in memory up to a bound, behind that in a file without a name.
///
/// Any thread may add and read.
package final class Spool: Sendable {
  /// Where bytes that were added lie.
  package struct Run: Hashable, Sendable {
    fileprivate var start: UInt64
    package fileprivate(set) var count: Int
  }

  private struct State: ~Copyable {
    var end: UInt64 = 0
    var memory: Memory?
    var file: SharedDescriptor?
  }

  // Runs do not overlap, and each is written once, before anybody knows of it.
  @safe private final class Memory: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer
    init(capacity: Int) {
      unsafe bytes = .allocate(byteCount: max(1, capacity), alignment: 64)
      // Touching fresh memory takes longer than filling it.
      unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }
    deinit { unsafe bytes.deallocate() }
  }

  private let capacity: Int
  private let folder: FilePath
  private let state = Mutex(State())

  /// - Parameters:
  ///   - memory: Bytes that are kept in memory.
  ///   - folder: A private folder for what exceeds them.
  package init(memory: Int, folder: FilePath) {
    capacity = memory
    self.folder = folder
  }

  /// Makes the memory ready, which takes its time: before somebody waits.
  package func prepare() {
    state.withLock { state in state.memory = state.memory ?? Memory(capacity: capacity) }
  }

  /// Bytes that were added.
  package var count: UInt64 { state.withLock { $0.end } }

  /// Adds bytes.
  package func add(_ bytes: RawSpan) throws(SystemError) -> Run {
    let count = bytes.byteCount
    let (start, memory, file) = try state.withLock { state throws(SystemError) -> (UInt64, Memory, SharedDescriptor?) in
      let memory = state.memory ?? Memory(capacity: capacity)
      state.memory = memory
      let start = state.end
      if start + UInt64(count) > UInt64(capacity), state.file == nil {
        state.file = SharedDescriptor(try Self.makeFile(in: folder))
      }
      state.end += UInt64(count)
      return (start, memory, state.file)
    }
    let inMemory = min(count, max(0, capacity - Int(start)))
    var failure: SystemError?
    unsafe bytes.withUnsafeBytes { source in
      if inMemory > 0 {
        unsafe (memory.bytes.baseAddress! + Int(start)).copyMemory(from: source.baseAddress!, byteCount: inMemory)
      }
      guard inMemory < count, let file else { return }
      do throws(SystemError) {
        unsafe try file.descriptor.write(
          UnsafeRawBufferPointer(rebasing: source[inMemory...]), at: start + UInt64(inMemory))
      } catch { failure = error }
    }
    if let failure { throw failure }
    return Run(start: start, count: count)
  }

  /// Reads a run, from an offset within it on; fewer bytes only at its end.
  /// - Returns: How many bytes were read.
  package func read(
    _ run: Run, from offset: Int = 0, into buffer: UnsafeMutableRawBufferPointer
  ) throws(SystemError) -> Int {
    let count = min(buffer.count, run.count - offset)
    guard count > 0 else { return 0 }
    let (memory, file) = state.withLock { ($0.memory, $0.file) }
    let start = run.start + UInt64(offset)
    let inMemory = min(count, max(0, capacity - Int(start)))
    if inMemory > 0, let memory {
      unsafe buffer.baseAddress!.copyMemory(from: memory.bytes.baseAddress! + Int(start), byteCount: inMemory)
    }
    if inMemory < count, let file {
      _ = unsafe try file.descriptor.read(
        at: start + UInt64(inMemory), into: UnsafeMutableRawBufferPointer(rebasing: buffer[inMemory..<count]))
    }
    return count
  }

  private static func makeFile(in folder: FilePath) throws(SystemError) -> Descriptor {
    let path = folder.appending("spool-\(String(UInt64.random(in: 0 ... .max), radix: 36))")
    let file = try Descriptor(opening: path, .readWrite, [.create, .exclusive])
    try FileSystem.removeFile(path)
    return file
  }
}
