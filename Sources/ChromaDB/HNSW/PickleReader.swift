/// Reads `index_metadata.pickle`: the dictionary of Chroma 1.x (protocol 3) or the object `PersistentData` of 0.4 to
/// 0.6 (protocol 5).
///
/// A stack machine of the instructions that those two need (https://docs.python.org/3/library/pickletools.html), and no
/// other. Nothing is called or constructed: an object is only recognised by its class's name. The three large
/// dictionaries are folded while they are read, so memory is 16 bytes per record and 24 per memo entry; each is
/// bounded by the size of the file.
struct PickleReader: ~Copyable {
  /// A value on the stack. Strings are kept as a hash, and as a name where they are one that matters.
  private enum Value {
    case mark, none, other
    case integer(Int64)
    case string(hash: UInt64, name: Name)
    case dictionary(Role)
    /// The class, and an object of it.
    case persistentDataClass, persistentData
    case emptyTuple
  }

  private enum Name: UInt8 {
    case other, dimension, sequenceNumber, idToLabel, labelToID, idToSequence, module, type

    init(_ bytes: UnsafeRawBufferPointer) {
      guard bytes.count <= 64 else {
        self = .other
        return
      }
      self =
        switch unsafe String(decoding: bytes, as: UTF8.self) {
        case "dimensionality": .dimension
        case "max_seq_id": .sequenceNumber
        case "id_to_label": .idToLabel
        case "label_to_id": .labelToID
        case "id_to_seq_id": .idToSequence
        case "chromadb.segment.impl.vector.local_persistent_hnsw": .module
        case "PersistentData": .type
        default: .other
        }
    }
  }

  /// Which dictionary it is, told by the key below it on the stack.
  private enum Role { case outer, idToLabel, labelToID, idToSequence, ignored }

  private enum Limit {
    /// Bytes of one string.
    static let string = 1 << 20
    /// Values on the stack: Python adds to a dictionary in batches of 1,000 pairs.
    static let stack = 1 << 14
  }

  private var reader: SequentialReader
  private var stack: [Value] = []
  private var memo: [Value] = []
  private var result = IndexMetadata()
  /// Sums over the pairs of the two maps that must be each other's inverse, independent of their order.
  private var forward: UInt64 = 0
  private var backward: UInt64 = 0
  private var backwardCount = 0

  /// Reads the whole file. Errors: `PickleError`, or what the file's reader throws. O(bytes).
  static func read(_ file: any RandomAccessFile) throws -> IndexMetadata {
    var reader = PickleReader(file)
    return try reader.run()
  }

  private init(_ file: any RandomAccessFile) {
    reader = SequentialReader(file, capacity: Limit.string + 16)
  }

  private mutating func run() throws -> IndexMetadata {
    while try step() {}
    switch (stack.count, stack.last) {
    case (1, .dictionary(.outer)), (1, .persistentData): break
    default: throw malformed
    }
    if try reader.require(1) { throw PickleError.trailingBytes }
    result.mapsAgree = forward == backward && backwardCount == result.labels.count
    return result
  }

  private var malformed: PickleError { .malformed(offset: reader.offset) }

  private mutating func take<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) throws -> Number {
    guard try reader.require(MemoryLayout<Number>.size) else { throw PickleError.truncated }
    return reader.take(type)
  }

  private mutating func push(_ value: Value) throws {
    guard stack.count < Limit.stack else { throw PickleError.tooLarge(offset: reader.offset) }
    stack.append(value)
  }

  private mutating func pop() throws -> Value {
    guard let value = stack.popLast() else { throw malformed }
    return value
  }

  /// Executes one instruction. Returns false after the last.
  private mutating func step() throws -> Bool {
    let code = try take(UInt8.self)
    switch code {
    case 0x2E: return false  // STOP
    case 0x80:  // PROTO
      guard (2...5).contains(try take(UInt8.self)) else { throw malformed }
    case 0x95: _ = try take(UInt64.self)  // FRAME: only a hint for reading ahead
    case 0x28: try push(.mark)  // MARK
    case 0x4E: try push(.none)  // NONE
    case 0x88, 0x89: try push(.other)  // NEWTRUE, NEWFALSE
    case 0x4B: try push(.integer(Int64(take(UInt8.self))))  // BININT1
    case 0x4D: try push(.integer(Int64(take(UInt16.self))))  // BININT2
    case 0x4A: try push(.integer(Int64(take(Int32.self))))  // BININT
    case 0x8A: try pushLong(byteCount: Int(take(UInt8.self)))  // LONG1
    case 0x8C: try pushString(byteCount: UInt64(take(UInt8.self)))  // SHORT_BINUNICODE
    case 0x58: try pushString(byteCount: UInt64(take(UInt32.self)))  // BINUNICODE
    case 0x8D: try pushString(byteCount: take(UInt64.self))  // BINUNICODE8
    case 0x7D: try pushDictionary()  // EMPTY_DICT
    case 0x29: try push(.emptyTuple)  // EMPTY_TUPLE
    case 0x94: try memoize(memo.count)  // MEMOIZE
    case 0x71: try memoize(Int(take(UInt8.self)))  // BINPUT
    case 0x72: try memoize(Int(take(UInt32.self)))  // LONG_BINPUT
    case 0x68: try recall(Int(take(UInt8.self)))  // BINGET
    case 0x6A: try recall(Int(take(UInt32.self)))  // LONG_BINGET
    case 0x73: try setItems(from: stack.count - 2)  // SETITEM
    case 0x75: try setItemsAboveMark()  // SETITEMS
    case 0x93: try recogniseClass()  // STACK_GLOBAL
    case 0x81: try recogniseObject()  // NEWOBJ
    case 0x62: try build()  // BUILD
    default: throw PickleError.unknownInstruction(code, offset: reader.offset - 1)
    }
    return true
  }

  private mutating func pushLong(byteCount: Int) throws {
    guard byteCount <= 8 else { throw PickleError.tooLarge(offset: reader.offset) }
    guard try reader.require(byteCount) else { throw PickleError.truncated }
    var value: UInt64 = 0
    for i in 0..<byteCount { value |= UInt64(reader.take(UInt8.self)) << UInt64(8 * i) }
    // Two's complement of as many bytes as it takes.
    let unused = UInt64(64 - 8 * byteCount)
    try push(.integer(byteCount == 0 ? 0 : Int64(bitPattern: value << unused) >> Int64(unused)))
  }

  private mutating func pushString(byteCount: UInt64) throws {
    guard byteCount <= Limit.string else { throw PickleError.tooLarge(offset: reader.offset) }
    guard try reader.require(Int(byteCount)) else { throw PickleError.truncated }
    let bytes = unsafe UnsafeRawBufferPointer(start: reader.pointer, count: Int(byteCount))
    let value = unsafe Value.string(hash: IDHasher.hash(bytes), name: Name(bytes))
    reader.skip(Int(byteCount))
    try push(value)
  }

  private mutating func pushDictionary() throws {
    let role: Role
    switch stack.last {
    case nil, .persistentData: role = .outer
    case .string(_, .idToLabel): role = .idToLabel
    case .string(_, .labelToID): role = .labelToID
    case .string(_, .idToSequence): role = .idToSequence
    default: role = .ignored
    }
    try push(.dictionary(role))
  }

  private mutating func memoize(_ index: Int) throws {
    // Every pickler numbers its memo in order; anything else would let a short file ask for much memory.
    guard let top = stack.last, index <= memo.count else { throw malformed }
    if index == memo.count { memo.append(top) } else { memo[index] = top }
  }

  private mutating func recall(_ index: Int) throws {
    guard index < memo.count else { throw malformed }
    try push(memo[index])
  }

  private mutating func setItemsAboveMark() throws {
    guard let mark = stack.lastIndex(where: { if case .mark = $0 { true } else { false } }) else { throw malformed }
    stack.remove(at: mark)
    try setItems(from: mark)
  }

  /// Adds the pairs from `start` on to the dictionary below them.
  private mutating func setItems(from start: Int) throws {
    guard start >= 1, (stack.count - start) % 2 == 0, case .dictionary(let role) = stack[start - 1] else {
      throw malformed
    }
    for i in Swift.stride(from: start, to: stack.count, by: 2) { try add(stack[i], stack[i + 1], to: role) }
    stack.removeLast(stack.count - start)
  }

  private mutating func add(_ key: Value, _ value: Value, to role: Role) throws {
    switch (role, key, value) {
    case (.outer, .string(_, .dimension), .integer(let number)): result.dimension = number
    case (.outer, .string(_, .sequenceNumber), .integer(let number)): result.sequenceNumber = number
    case (.outer, .string(_, .idToLabel), .dictionary(.idToLabel)): break
    case (.outer, .string(_, .labelToID), .dictionary(.labelToID)): break
    case (.outer, .string(_, .idToLabel), _), (.outer, .string(_, .labelToID), _): throw malformed
    case (.outer, .string, _): break
    case (.idToLabel, .string(let hash, _), .integer(let label)):
      result.idHashes.append(hash)
      result.labels.append(UInt64(bitPattern: label))
      forward &+= Self.pair(hash, label)
    case (.labelToID, .integer(let label), .string(let hash, _)):
      backward &+= Self.pair(hash, label)
      backwardCount += 1
    case (.idToSequence, .string, _), (.ignored, _, _): break
    default: throw malformed
    }
  }

  /// Mixes a pair so that a sum over pairs tells sets of them apart.
  private static func pair(_ hash: UInt64, _ label: Int64) -> UInt64 {
    var x = hash ^ (UInt64(bitPattern: label) &* 0x9E37_79B9_7F4A_7C15)
    x = (x ^ x >> 30) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ x >> 27) &* 0x94D0_49BB_1331_11EB
    return x ^ x >> 31
  }

  private mutating func recogniseClass() throws {
    guard case .string(_, .type) = try pop(), case .string(_, .module) = try pop() else {
      throw PickleError.foreignObject(offset: reader.offset)
    }
    try push(.persistentDataClass)
  }

  private mutating func recogniseObject() throws {
    guard case .emptyTuple = try pop(), case .persistentDataClass = try pop() else {
      throw PickleError.foreignObject(offset: reader.offset)
    }
    try push(.persistentData)
  }

  private mutating func build() throws {
    guard case .dictionary(.outer) = try pop(), case .persistentData = stack.last else { throw malformed }
  }
}
