package import SnapshotFormat
package import SystemIO

/// Stores chunks that are not known yet: as a patch where a base is at hand and that is clearly smaller, whole otherwise.
/// One per worker.
package struct ChunkWriter: ~Copyable {
  private let index: ChunkIndex
  var reader: ChunkReader
  private var sealer: Sealer
  private var base = ByteBuffer(capacity: Limits.chunkBytes)
  private let dataPacks: PackWriter
  private let metadataPacks: PackWriter
  /// Chunks that were stored, and how many of them as patches.
  package private(set) var chunksNew = 0
  package private(set) var patchesNew = 0
  /// Whether a base was decoded for the chunk that is being stored.
  private var hasDecoded = false

  /// Where no more blocks have changed, the base is not decoded: by themselves they take more room than beside what was
  /// there, but less time.
  private static let blocksWithoutBase = 6

  /// At every so many patches of a chain the base is decoded whatever is known without: damage in the repository is found
  /// while the chunk that it would hurt is at hand, and can be stored whole.
  private static let provingDepth = 8

  /// A chain ends by age too: the copy that it begins with is no older than this when a patch is added to it.
  package static let chainSecondsMaximum: Int64 = 90 * 86_400

  package init(_ repository: Repository, index: ChunkIndex, level: Int) {
    self.index = index
    reader = ChunkReader(repository, index: index)
    sealer = Sealer(level: level)
    dataPacks = PackWriter(repository, kind: .data, index: index)
    metadataPacks = PackWriter(repository, kind: .metadata, index: index)
  }

  /// A chunk that another may resemble: the parent snapshot's at the same place.
  package struct Base {
    package var id: ChunkID
    /// How it is decoded, if that was looked for when the chunk was taken on.
    package var chain: ChunkChain?
    /// Whether bytes are its own, as far as a patch needs them, where something tells faster than their hash.
    package var proof: ((RawSpan) -> Bool)?
    /// Where the other one, which is as long, differs from it, if that is known without it.
    package var dirty: DirtyBlocks?
    /// Puts what it has in its dirty blocks where that is in it, if that is at hand and proved.
    package var dirtyBytes: ((inout ByteBuffer) -> Bool)?

    package init(_ id: ChunkID, chain: ChunkChain? = nil, proof: ((RawSpan) -> Bool)? = nil) {
      self.id = id
      self.chain = chain
      self.proof = proof
    }
  }

  /// Stores a chunk unless it is known.
  /// - Parameter like: A chunk that it may resemble.
  package mutating func store(
    _ chunk: RawSpan, id: ChunkID, kind: PackKind, like: Base? = nil
  ) throws(SnapshotError) {
    let claim = try index.claim(id, like: like?.id)
    guard claim.isMine else { return }
    var like = like
    like?.chain = claim.base
    try storeClaimed(chunk, id: id, kind: kind, like: like)
  }

  /// Stores a chunk that was taken on.
  /// - Parameters:
  ///   - offset: Where in its file it begins.
  ///   - like: A chunk that it may resemble.
  /// - Returns: Whether that was decoded for it.
  @discardableResult
  package mutating func storeClaimed(
    _ chunk: RawSpan, id: ChunkID, kind: PackKind, at offset: UInt64 = 0, like: Base? = nil
  ) throws(SnapshotError) -> Bool {
    let packs = kind == .data ? dataPacks : metadataPacks
    hasDecoded = false
    if let like, like.id != id, try storePatch(chunk, id: id, like: like, in: packs) {
      patchesNew += 1
    } else {
      try packs.add(id: id, length: chunk.byteCount, depth: 0, base: nil) { output throws(SnapshotError) in
        sealer.seal(chunk, at: offset, into: &output)
      }
    }
    chunksNew += 1
    return hasDecoded
  }

  /// A base that can't be found or decoded means "store whole", never failure.
  private mutating func storePatch(
    _ chunk: RawSpan, id: ChunkID, like: Base, in packs: PackWriter
  ) throws(SnapshotError) -> Bool {
    guard var chain = try chain(of: like),
      Timestamp.now.seconds - chain.links[0].packCreated <= Self.chainSecondsMaximum
    else { return false }
    // At the end of a chain the patch is made against its beginning: all changes since at once.
    if Int(chain.depth) >= Limits.patchDepth { chain.links.removeSubrange(1...) }
    let root = chain.links[0].entry
    let lastEntry = chain.links[chain.links.count - 1].entry
    let last = lastEntry.id
    // What the chunk would take whole is guessed from its chain's beginning.
    let whole = Int(root.storedLength) * chunk.byteCount / Int(root.length)
    let limit = whole - whole / 16
    var patched = ByteBuffer(capacity: 0)
    swap(&patched, &patch)
    defer { swap(&patched, &patch) }
    patched.count = 0
    // Blocks' hashes do not tell how long the last block is.
    let dirty = last == like.id && Int(lastEntry.length) == chunk.byteCount ? like.dirty : nil
    let mayTrust = dirty != nil && (Int(chain.depth) + 1) % Self.provingDepth != 0
    let isAtHand = mayTrust && like.dirtyBytes?(&base) ?? false
    if let dirty, mayTrust, !isAtHand, dirty.count <= Self.blocksWithoutBase {
      guard sealer.sealPatch(chunk, dirty: dirty, limit: limit, into: &patched) else { return false }
    } else {
      if !isAtHand, !(try readBase(chain, of: like)) { return false }
      let view = unsafe base.pointer.bytes
      guard sealer.sealPatch(chunk, base: view, dirty: dirty, limit: limit, into: &patched) else { return false }
    }
    index.rely(on: chain)
    let bytes = unsafe patched.pointer.bytes
    try packs.add(id: id, length: chunk.byteCount, depth: chain.depth + 1, base: last) { output throws(SnapshotError) in
      output.append(bytes)
      return Encoding(.patch)
    }
    return true
  }

  private func chain(of like: Base) throws(SnapshotError) -> ChunkChain? {
    if let chain = like.chain, index.isWhole(chain) { return chain }
    return try index.lastingChain(of: like.id)
  }

  /// Decodes what a patch is to be made against into `base`.
  /// - Returns: Whether that can be decoded.
  private mutating func readBase(_ chain: ChunkChain, of like: Base) throws(SnapshotError) -> Bool {
    let last = chain.links[chain.links.count - 1].entry.id
    base.count = 0
    hasDecoded = true
    if let proof = like.proof, last == like.id, reader.read(chain, provedBy: proof, into: &base) { return true }
    do throws(SnapshotError) { try reader.read(last, chain: chain, into: &base) } catch {
      guard error.code == .damaged else { throw error }
      return false
    }
    return true
  }

  private var patch = ByteBuffer(capacity: Limits.storedChunkBytes)

  /// Takes over the packs that another writer has only begun.
  package mutating func absorb(_ other: borrowing ChunkWriter) throws(SnapshotError) {
    try dataPacks.absorb(other.dataPacks)
    try metadataPacks.absorb(other.metadataPacks)
  }

  /// Closes the pack of data that is open: it becomes durable while others are written.
  package mutating func closeData() throws(SnapshotError) { try dataPacks.close() }

  /// Finishes the packs that are open, side by side. All are durable when this returns.
  package mutating func finish() throws(SnapshotError) {
    try closeData()
    try metadataPacks.finish()
    try dataPacks.finish()
  }

  /// The packs that were finished.
  package var packs: [ChunkID] { dataPacks.packs + metadataPacks.packs }

  /// Bytes of the finished packs.
  package var bytesStored: UInt64 { dataPacks.bytesStored + metadataPacks.bytesStored }

  deinit {
    dataPacks.abandon()
    metadataPacks.abandon()
  }
}
