package import SnapshotFormat
import SystemIO

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

  /// A chain ends by age too: the copy that it begins with is no older than this when a patch is added to it.
  private static let chainSecondsMaximum: Int64 = 90 * 86_400

  package init(_ repository: Repository, index: ChunkIndex, level: Int) {
    self.index = index
    reader = ChunkReader(repository, index: index)
    sealer = Sealer(level: level)
    dataPacks = PackWriter(repository, kind: .data, index: index)
    metadataPacks = PackWriter(repository, kind: .metadata, index: index)
  }

  /// Stores a chunk unless it is known.
  /// - Parameters:
  ///   - offset: Where in its file it begins.
  ///   - like: A chunk that it may resemble: the parent snapshot's at the same place.
  ///   - proof: Whether bytes are those of that chunk, where something tells faster than their hash.
  package mutating func store(
    _ chunk: RawSpan, id: ChunkID, kind: PackKind, at offset: UInt64 = 0, like: ChunkID? = nil,
    provedBy proof: ((RawSpan) -> Bool)? = nil
  ) throws(SnapshotError) {
    guard try index.claim(id) else { return }
    let packs = kind == .data ? dataPacks : metadataPacks
    if let like, like != id, try storePatch(chunk, id: id, like: like, provedBy: proof, in: packs) {
      patchesNew += 1
    } else {
      try packs.add(id: id, length: chunk.byteCount, depth: 0, base: nil) { output throws(SnapshotError) in
        sealer.seal(chunk, at: offset, into: &output)
      }
    }
    chunksNew += 1
  }

  /// A base that can't be found or decoded means "store whole", never failure.
  private mutating func storePatch(
    _ chunk: RawSpan, id: ChunkID, like: ChunkID, provedBy proof: ((RawSpan) -> Bool)?, in packs: PackWriter
  ) throws(SnapshotError) -> Bool {
    guard var chain = try index.lastingChain(of: like),
      Timestamp.now.seconds - chain.links[0].packCreated <= Self.chainSecondsMaximum
    else { return false }
    // At the end of a chain the patch is made against its beginning: all changes since at once.
    if Int(chain.depth) >= Limits.patchDepth { chain.links.removeSubrange(1...) }
    let root = chain.links[0].entry
    base.count = 0
    let last = chain.links[chain.links.count - 1].entry.id
    let isProved = if let proof, last == like { reader.read(chain, provedBy: proof, into: &base) } else { false }
    if !isProved {
      do throws(SnapshotError) { try reader.read(last, chain: chain, into: &base) } catch {
        guard error.code == .damaged else { throw error }
        return false
      }
    }
    // What the chunk would take whole is guessed from its chain's beginning.
    let whole = Int(root.storedLength) * chunk.byteCount / Int(root.length)
    let view = unsafe base.pointer.bytes
    var patched = ByteBuffer(capacity: 0)
    swap(&patched, &patch)
    defer { swap(&patched, &patch) }
    patched.count = 0
    guard sealer.sealPatch(chunk, base: view, limit: whole - whole / 16, into: &patched) else { return false }
    index.rely(on: chain)
    let bytes = unsafe patched.pointer.bytes
    try packs.add(
      id: id, length: chunk.byteCount, depth: chain.depth + 1, base: chain.links[chain.links.count - 1].entry.id
    ) { output throws(SnapshotError) in
      output.append(bytes)
      return Encoding(.patch)
    }
    return true
  }

  private var patch = ByteBuffer(capacity: Limits.storedChunkBytes)

  /// Takes over the packs that another writer has only begun.
  package mutating func absorb(_ other: borrowing ChunkWriter) throws(SnapshotError) {
    try dataPacks.absorb(other.dataPacks)
    try metadataPacks.absorb(other.metadataPacks)
  }

  /// Finishes the packs that are open, side by side. All are durable when this returns.
  package mutating func finish() throws(SnapshotError) {
    try dataPacks.close()
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
