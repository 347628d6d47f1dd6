import ObjectStorage
package import SnapshotFormat
package import SystemIO

/// Reads chunks: finds them, decodes them through their bases, and proves each by its id. One per worker.
package struct ChunkReader: ~Copyable {
  private let store: any ObjectStore
  private let index: ChunkIndex
  private var sealer = Sealer()
  private var stored = ByteBuffer(capacity: Self.window)
  /// What `stored` holds: a range of a pack.
  private var held: (pack: ChunkID, range: Range<UInt64>)?
  private var patches = PatchWindows()
  /// Whether copies that are noted as damaged are tried where there is no other.
  private let triesDamaged: Bool

  /// Chunks that lie close together in a pack are read in one go of at most this many bytes.
  private static let window = 4 << 20

  package init(_ repository: Repository, index: ChunkIndex, triesDamaged: Bool = true) {
    store = repository.store
    self.index = index
    self.triesDamaged = triesDamaged
  }

  /// Appends a chunk's plaintext to `output`. Where a copy turns out damaged, another is tried.
  package mutating func read(_ id: ChunkID, into output: inout ByteBuffer) throws(SnapshotError) {
    try read(id, chain: try index.chain(of: id), into: &output)
  }

  /// The same for a chunk whose chain is known already.
  /// - Parameter upcoming: Where the chunks that are read next lie: those behind this one in the same pack come along.
  package mutating func read(
    _ id: ChunkID, chain found: ChunkChain?, upcoming: ArraySlice<ChunkChain?> = [], into output: inout ByteBuffer
  ) throws(SnapshotError) {
    var chain = found
    var failure: SnapshotError?
    while let current = chain {
      do throws(SnapshotError) { return try decode(current, upcoming: upcoming, into: &output) } catch {
        guard error.code == .damaged, let pack = error.pack, let chunk = error.chunk else { throw error }
        failure = failure ?? error
        index.noteDamage(pack: pack, chunk: chunk)
      }
      chain = try index.chain(of: id)
    }
    if triesDamaged, try readDamaged(id, into: &output) { return }
    throw failure
      ?? SnapshotError(.damaged, "a chunk is missing, or known to be damaged", hint: SnapshotError.runCheck, chunk: id)
  }

  /// What is noted as damaged may be readable all the same: every copy is tried, and every byte proved before it is believed.
  private mutating func readDamaged(_ id: ChunkID, into output: inout ByteBuffer) throws(SnapshotError) -> Bool {
    var failed: Set<ChunkIndex.DamagedCopy> = []
    while let chain = try index.chainOfLastResort(of: id, without: failed) {
      do throws(SnapshotError) {
        try decode(chain, upcoming: [], into: &output)
        return true
      } catch {
        guard let pack = error.pack, let chunk = error.chunk,
          failed.insert(ChunkIndex.DamagedCopy(pack: pack, chunk: chunk)).inserted
        else { return false }
      }
    }
    return false
  }

  /// Reads chunks that follow each other, one into each buffer, and proves them together: hashing several at once takes
  /// little longer than one.
  /// - Parameters:
  ///   - ids: The chunks that are wanted; as many are read as there are buffers.
  ///   - chains: The chains of the same chunks, at the same places.
  /// - Returns: How many of the first ones are right. Reading the next one alone says what is wrong with it, and tries other
  ///   copies.
  package mutating func read(
    _ ids: ArraySlice<ChunkID>, _ chains: [ChunkChain?], into buffers: inout ByteBuffers
  ) -> Int {
    var plaintexts: [UnsafeRawBufferPointer] = unsafe []
    for position in ids.indices.prefix(buffers.count) {
      let ahead = chains[(position + 1)..<min(chains.count, position + 65)]
      let number = unsafe plaintexts.count
      buffers[number].count = 0
      // What can't be read is met again when it is read alone.
      guard let chain = chains[position],
        (try? apply(chain.links[...], upcoming: ahead, to: &buffers[number])) != nil
      else { break }
      unsafe plaintexts.append(buffers[number].pointer)
    }
    return unsafe zip(ChunkID.ids(of: plaintexts), ids).prefix { $0 == $1 }.count
  }

  /// Reads a chunk into an empty buffer, where something tells faster than its hash that it is right.
  /// - Returns: Whether it is; else the buffer is empty.
  mutating func read(_ chain: ChunkChain, provedBy proof: (RawSpan) -> Bool, into output: inout ByteBuffer) -> Bool {
    if (try? apply(chain.links[...], upcoming: [], to: &output)) != nil, proof(output.bytes) { return true }
    output.count = 0
    return false
  }

  /// Decodes a chain into the free part of `output`, link by link in place.
  private mutating func decode(
    _ chain: ChunkChain, upcoming: ArraySlice<ChunkChain?>, into output: inout ByteBuffer
  ) throws(SnapshotError) {
    if output.count == 0 { return try decode(chain, upcoming: upcoming, intoEmpty: &output) }
    // Patches are applied to a buffer that holds nothing else.
    var whole = ByteBuffer(capacity: Limits.chunkBytes)
    try decode(chain, upcoming: upcoming, intoEmpty: &whole)
    output.append(whole.bytes)
  }

  private mutating func decode(
    _ chain: ChunkChain, upcoming: ArraySlice<ChunkChain?>, intoEmpty output: inout ByteBuffer
  ) throws(SnapshotError) {
    do throws(SnapshotError) {
      try apply(chain.links[...], upcoming: upcoming, to: &output)
      try prove(chain.links[chain.links.count - 1], output)
    } catch {
      output.count = 0
      guard chain.links.count > 1, error.code == .damaged else { throw error }
      // The fault may lie in a base: go step by step, so that the link that is to blame is named.
      for count in 1...chain.links.count {
        output.count = 0
        do throws(SnapshotError) {
          try apply(chain.links.prefix(count), upcoming: [], to: &output)
          try prove(chain.links[count - 1], output)
        } catch {
          output.count = 0
          throw error
        }
      }
    }
  }

  private mutating func apply(
    _ links: ArraySlice<ChunkCopy>, upcoming: ArraySlice<ChunkChain?>, to output: inout ByteBuffer
  ) throws(SnapshotError) {
    for copy in links {
      let entry = copy.entry
      do {
        let bytes = unsafe try fetch(copy, upcoming: upcoming)
        let view = unsafe bytes.bytes
        guard Sealer.checksum(view) == entry.checksum else {
          throw FormatError(.checksum, "a chunk's stored bytes do not match their checksum")
        }
        if entry.base == nil {
          try sealer.open(view, entry.encoding, length: Int(entry.length), into: &output)
        } else {
          try sealer.applyPatch(view, length: Int(entry.length), to: &output)
        }
      } catch {
        throw PackTableReader.failure(error, in: copy.pack, chunk: entry.id)
      }
    }
  }

  /// Decodes particular copies of chunks that follow each other in a pack, one into each buffer, and compares them with
  /// their ids.
  /// - Returns: How many of the first ones are right. Proving the next one alone says what is wrong with it.
  package mutating func prove(
    _ entries: ArraySlice<PackEntry>, in pack: ChunkID, created: Int64, with buffers: inout ByteBuffers
  ) -> Int {
    // Those behind the ones that are proved now are read along.
    let near = entries.prefix(buffers.count + 64)
    let chains = near.enumerated().map { number, entry in
      let copy = ChunkCopy(pack: pack, packCreated: created, entry: entry)
      return entry.base == nil || number < buffers.count ? try? index.chainToProve(copy) : nil
    }
    return read(near.map(\.id)[...], chains, into: &buffers)
  }

  /// Decodes one particular copy of a chunk into an empty buffer, and compares it with its id. Where a copy of its base turns
  /// out damaged, another is tried.
  /// - Throws: `damaged` with what is to blame: this copy, or that of a base.
  package mutating func prove(
    _ entry: PackEntry, in pack: ChunkID, created: Int64, with buffer: inout ByteBuffer
  ) throws(SnapshotError) {
    let copy = ChunkCopy(pack: pack, packCreated: created, entry: entry)
    while let chain = try index.chainToProve(copy) {
      do throws(SnapshotError) { return try decode(chain, upcoming: [], intoEmpty: &buffer) } catch {
        guard error.code == .damaged, let damaged = error.pack, let chunk = error.chunk else { throw error }
        index.noteDamage(pack: damaged, chunk: chunk)
        if (damaged, chunk) == (pack, entry.id) { throw error }
      }
    }
    guard try index.chainToProve(copy, evenDamaged: true) == nil else {
      throw SnapshotError(.damaged, "the base of a patch is damaged", hint: SnapshotError.runCheck, chunk: entry.base)
    }
    // What has lost its base for good says so itself: else no prune would know.
    index.noteDamage(pack: pack, chunk: entry.id)
    throw SnapshotError(
      .damaged, "the base of a patch is missing", hint: SnapshotError.runCheck, pack: pack, chunk: entry.id)
  }

  private func prove(_ copy: ChunkCopy, _ output: borrowing ByteBuffer) throws(SnapshotError) {
    guard ChunkID(of: output.bytes) == copy.entry.id else {
      throw PackTableReader.failure(
        FormatError(.checksum, "a chunk's bytes do not match its id"), in: copy.pack, chunk: copy.entry.id)
    }
  }

  /// The stored form of a copy. Reads along what `upcoming` will need from the same stretch of the pack.
  private mutating func fetch(
    _ copy: ChunkCopy, upcoming: ArraySlice<ChunkChain?>
  ) throws(StoreError) -> UnsafeRawBufferPointer {
    let start = UInt64(copy.entry.offset)
    let end = start + UInt64(copy.entry.storedLength)
    if copy.entry.base != nil, copy.entry.storedLength <= PatchWindows.windowBytes {
      return unsafe try patches.bytes(copy.pack, start..<end) { room throws(StoreError) in
        unsafe try store.read(ObjectNames.pack(copy.pack), at: start, into: room)
      }
    }
    if let held, held.pack == copy.pack, held.range.lowerBound <= start, end <= held.range.upperBound {
      let from = Int(start - held.range.lowerBound)
      return unsafe UnsafeRawBufferPointer(rebasing: stored.pointer[from..<from + Int(end - start)])
    }
    var reach = end
    for case let chain? in upcoming {
      guard let next = chain.links.first, chain.links.count == 1, next.pack == copy.pack,
        UInt64(next.entry.offset) == reach, reach - start + UInt64(next.entry.storedLength) <= Self.window
      else { break }
      reach += UInt64(next.entry.storedLength)
    }
    held = nil
    let wanted = unsafe UnsafeMutableRawBufferPointer(rebasing: stored.storage[..<Int(reach - start)])
    let count = unsafe try store.read(ObjectNames.pack(copy.pack), at: start, into: wanted)
    guard UInt64(count) >= end - start else { throw StoreError(.truncated, ObjectNames.pack(copy.pack)) }
    stored.count = count
    held = (copy.pack, start..<start + UInt64(count))
    return unsafe UnsafeRawBufferPointer(rebasing: stored.pointer[..<Int(end - start)])
  }
}
