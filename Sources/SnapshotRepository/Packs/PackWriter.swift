import ObjectStorage
package import SnapshotFormat
package import SystemIO

/// Collects chunks into packs of one kind. One per worker and kind.
package final class PackWriter {
  /// A pack is finished when it is about this long: long enough that its fsync is a small part of writing it.
  package static let targetBytes = 32 << 20
  private static let flushBytes = 2 << 20

  private let repository: Repository
  private let kind: PackKind
  private var object: (any ObjectWriter)?
  private var entries: [PackEntry] = []
  private var offset = 0
  private var unwritten = ByteBuffer(capacity: flushBytes + 2 * Limits.storedChunkBytes)
  private let committer: PackCommitter
  /// The packs that were closed, in order.
  package private(set) var packs: [ChunkID] = []
  /// Bytes of these packs.
  package private(set) var bytesStored: UInt64 = 0

  /// - Parameter index: Where the chunks were claimed; `nil` for copies of what is known.
  package init(_ repository: Repository, kind: PackKind, index: ChunkIndex?) {
    self.repository = repository
    self.kind = kind
    committer = PackCommitter(repository, index: index)
  }

  /// Adds a chunk whose stored form `body` appends to the buffer that it is given.
  package func add(
    id: ChunkID, length: Int, depth: UInt8, base: ChunkID?,
    _ body: (inout ByteBuffer) throws(SnapshotError) -> Encoding
  ) throws(SnapshotError) {
    if object == nil { try begin() }
    let start = unwritten.count
    let encoding = try body(&unwritten)
    let written = unsafe unwritten.pointer.bytes
    let stored = written.extracting(start...)
    entries.append(
      PackEntry(
        id: id, length: UInt32(length), offset: UInt32(offset), storedLength: UInt32(stored.byteCount),
        encoding: encoding, depth: depth, base: base, checksum: Sealer.checksum(stored)))
    offset += stored.byteCount
    if unwritten.count >= Self.flushBytes { try flush() }
    if offset >= Self.targetBytes || entries.count == Limits.packEntries { try close() }
  }

  /// Takes over what another writer of this kind holds and has written nowhere yet: little packs become one.
  package func absorb(_ other: PackWriter) throws(SnapshotError) {
    guard other.object != nil, other.offset == other.unwritten.count,
      entries.count + other.entries.count <= Limits.packEntries
    else { return }
    if object == nil { try begin() }
    if unwritten.count + other.offset > unwritten.capacity { try flush() }
    let shift = UInt32(offset - PackLayout.headerBytes)
    let chunks = unsafe other.unwritten.pointer.bytes.extracting(PackLayout.headerBytes...)
    unwritten.append(chunks)
    offset += chunks.byteCount
    for var entry in other.entries {
      entry.offset += shift
      entries.append(entry)
    }
    other.discardOpen()
  }

  private func begin() throws(SnapshotError) {
    object = try storing("beginning a pack") { () throws(StoreError) in try repository.store.begin() }
    unwritten.count = 0
    unwritten.append(PackLayout.header(kind).rawSpan)
    offset = PackLayout.headerBytes
    entries = []
  }

  private func flush() throws(SnapshotError) {
    let view = unsafe unwritten.pointer.bytes
    try storing("writing a pack") { () throws(StoreError) in try object?.append(view) }
    unwritten.count = 0
  }

  /// Closes the pack that is open, if one is, and hands it over to be made durable.
  package func close() throws(SnapshotError) {
    try committer.check()
    guard let open = object else { return }
    object = nil
    let table = PackTable(kind: kind, nonce: randomBytes(16), created: Timestamp.now.seconds, entries: entries)
    var sealer = Sealer()
    let (id, tail) = PackLayout.tail(of: table, sealer: &sealer)
    try storing("writing a pack") { () throws(StoreError) in
      let view = unsafe unwritten.pointer.bytes
      try open.append(view)
      try open.append(tail.rawSpan)
    }
    packs.append(id)
    bytesStored += UInt64(offset + tail.count)
    committer.commit(open, id, table)
  }

  /// Closes the pack that is open, and waits. When it returns, all packs are durable and the catalogue knows them.
  package func finish() throws(SnapshotError) {
    try close()
    committer.wait()
    try committer.check()
  }

  /// Lets go of the pack that is open. Nothing is under way any more when it returns.
  package func abandon() {
    discardOpen()
    committer.wait()
  }

  private func discardOpen() {
    object?.discard()
    object = nil
  }
}
