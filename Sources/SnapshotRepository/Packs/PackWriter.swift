import ObjectStorage
package import SnapshotFormat
package import SystemIO

/// Collects chunks into packs of one kind. One per worker and kind.
package final class PackWriter {
  /// A pack is finished when it is about this long: long enough that its fsync is a small part of writing it.
  package static let targetBytes = 32 << 20

  private let repository: Repository
  private let kind: PackKind
  private var object: (any ObjectWriter)?
  private var entries: [PackEntry] = []
  private var offset = 0
  /// What is not handed over to be written yet.
  private var unwritten: PackBuffer
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
    unwritten = committer.buffer()
  }

  /// Adds a chunk whose stored form `body` appends to the buffer that it is given.
  package func add(
    id: ChunkID, length: Int, depth: UInt8, base: ChunkID?,
    _ body: (inout ByteBuffer) throws(SnapshotError) -> Encoding
  ) throws(SnapshotError) {
    if object == nil { try begin() }
    let start = unwritten.bytes.count
    let encoding = try body(&unwritten.bytes)
    let written = unsafe unwritten.bytes.pointer.bytes
    let stored = written.extracting(start...)
    entries.append(
      PackEntry(
        id: id, length: UInt32(length), offset: UInt32(offset), storedLength: UInt32(stored.byteCount),
        encoding: encoding, depth: depth, base: base, checksum: Sealer.checksum(stored)))
    offset += stored.byteCount
    try flushWhereLong()
    if offset >= Self.targetBytes || entries.count == Limits.packEntries { try close() }
  }

  /// Takes over what another writer of this kind holds and has written nowhere yet: little packs become one.
  package func absorb(_ other: PackWriter) throws(SnapshotError) {
    // There is room for one more chunk, whose adding closes a full pack.
    guard other.object != nil, other.hasHandedOverNothing,
      entries.count + other.entries.count < Limits.packEntries
    else { return }
    if object == nil { try begin() }
    let shift = UInt32(offset - PackLayout.headerBytes)
    let chunks = unsafe other.unwritten.bytes.pointer.bytes.extracting(PackLayout.headerBytes...)
    unwritten.bytes.append(chunks)
    offset += chunks.byteCount
    for var entry in other.entries {
      entry.offset += shift
      entries.append(entry)
    }
    other.discardOpen()
    try flushWhereLong()
  }

  /// Of the open pack.
  private var hasHandedOverNothing: Bool { offset == unwritten.bytes.count }

  /// Leaves less than a first piece: there is room for the longest chunk, and for all that another writer holds.
  private func flushWhereLong() throws(SnapshotError) {
    let limit = hasHandedOverNothing ? PackBuffer.firstPieceBytes : PackBuffer.pieceBytes
    if unwritten.bytes.count >= limit { try flush() }
  }

  private func begin() throws(SnapshotError) {
    object = try storing("beginning a pack") { () throws(StoreError) in try repository.store.begin() }
    unwritten.bytes.count = 0
    unwritten.bytes.append(PackLayout.header(kind).rawSpan)
    offset = PackLayout.headerBytes
    entries = []
  }

  private func flush() throws(SnapshotError) {
    guard let object else { return }
    try committer.check()
    let next = committer.buffer()
    unwritten.moveRemainder(to: next)
    committer.append(unwritten, to: object)
    unwritten = next
  }

  /// Closes the pack that is open, if one is, and hands it over to be made durable.
  package func close() throws(SnapshotError) {
    try committer.check()
    guard let open = object else { return }
    object = nil
    let table = PackTable(kind: kind, nonce: randomBytes(16), created: Timestamp.now.seconds, entries: entries)
    var sealer = Sealer()
    let (id, tail) = PackLayout.tail(of: table, sealer: &sealer)
    packs.append(id)
    bytesStored += UInt64(offset + tail.count)
    committer.append(unwritten, to: open)
    committer.commit(open, tail, id, table)
    unwritten = committer.buffer()
  }

  /// Closes the pack that is open, and waits. When it returns, all packs are durable and the catalogue knows them.
  package func finish() throws(SnapshotError) {
    try close()
    committer.wait()
    try committer.check()
  }

  /// Lets go of the pack that is open. Nothing is under way any more when it returns.
  package func abandon() {
    committer.wait()
    discardOpen()
  }

  private func discardOpen() {
    object?.discard()
    object = nil
  }
}
