/// Memory for bytes that one owner allocates once and uses again and again: first touching fresh memory costs as much as
/// hashing it.
@safe package struct ByteBuffer: ~Copyable {
  private let base: UnsafeMutableRawPointer
  package let capacity: Int
  /// How many bytes from the start are in use.
  package var count = 0

  /// - Parameter alignment: Of the first byte. `Descriptor.directBlockBytes` for what is to be written past the page cache.
  package init(capacity: Int, alignment: Int = 64) {
    self.capacity = capacity
    unsafe base = .allocate(byteCount: max(1, capacity), alignment: alignment)
  }

  deinit { unsafe base.deallocate() }

  /// The bytes in use.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get { unsafe _overrideLifetime(RawSpan(_unsafeStart: base, byteCount: count), borrowing: self) }
  }

  /// The bytes in use, for a C function.
  package var pointer: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: base, count: count)
  }

  /// All of the memory, for a C function or a system call to fill; set `count` afterwards.
  package var storage: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: base, count: capacity)
  }

  /// What is free behind the bytes in use.
  package var free: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: base + count, count: capacity - count)
  }

  /// Adds bytes behind those in use. They must fit.
  package mutating func append(_ bytes: RawSpan) {
    precondition(bytes.byteCount <= capacity - count, "a byte buffer is full")
    unsafe bytes.withUnsafeBytes { source in
      if source.count > 0 { unsafe (base + count).copyMemory(from: source.baseAddress!, byteCount: source.count) }
    }
    count += bytes.byteCount
  }

  /// Adds one little-endian integer behind the bytes in use. It must fit.
  package mutating func append<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
    precondition(MemoryLayout<Value>.size <= capacity - count, "a byte buffer is full")
    unsafe (base + count).storeBytes(of: value.littleEndian, as: Value.self)
    count += MemoryLayout<Value>.size
  }
}

/// Several byte buffers of one capacity.
@safe package struct ByteBuffers: ~Copyable {
  private let buffers: UnsafeMutableBufferPointer<ByteBuffer>

  package init(_ count: Int, capacity: Int) {
    unsafe buffers = .allocate(capacity: count)
    for i in 0..<count { unsafe (buffers.baseAddress! + i).initialize(to: ByteBuffer(capacity: capacity)) }
  }

  deinit {
    unsafe buffers.deinitialize()
    unsafe buffers.deallocate()
  }

  package var count: Int { unsafe buffers.count }

  package subscript(number: Int) -> ByteBuffer {
    _read { yield unsafe buffers[number] }
    _modify { yield unsafe &buffers[number] }
  }
}

extension [UInt8] {
  /// The array's bytes.
  package var rawSpan: RawSpan {
    @_lifetime(borrow self)
    get { unsafe _overrideLifetime(span.bytes, borrowing: self) }
  }
}
