import ObjectStorage
import SnapshotFormat
import SnapshotRepository
import Synchronization
import SystemIO

/// Reads packs from the store: every footer and table, and as much of the contents as is asked for.
struct PackCheck: Sendable {
  let repository: Repository
  let index: ChunkIndex
  let reading: CheckRepository.DataReading
  let activity: Activity

  struct Result: Sendable {
    var problems: [CheckRepository.Problem] = []
    var packs = 0
    var chunks = 0
    var bytesRead: UInt64 = 0
    /// Packs that were read whole and found sound.
    var sound: Set<ChunkID> = []
    /// Packs of which nothing but the header is known to be damaged.
    var headless: Set<ChunkID> = []
  }

  func run() throws(SnapshotError) -> Result {
    let packs = try repository.catalogue.packSummaries()
    try withdrawRefutedLosses()
    let chosen = packs.map { reads($0.id) }
    activity.expect(files: packs.count, bytes: zip(packs, chosen).reduce(0) { $0 + ($1.1 ? $1.0.storedBytes : 0) })
    let collected = Mutex(Result())
    try parallelLoop(items: packs.count) { (next: () -> Int?) throws(SnapshotError) in
      var reader = ChunkReader(repository, index: index)
      var buffers = ByteBuffers(ChunkID.hashedAtOnce, capacity: Limits.chunkBytes)
      while let item = next() {
        try activity.checkpoint()
        let found = try check(packs[item].id, readingData: chosen[item], &reader, &buffers)
        activity.did(files: 1)
        collected.withLock { result in
          result.problems += found.problems
          result.packs += 1
          result.chunks += found.chunks
          result.bytesRead += found.bytesRead
          result.sound.formUnion(found.sound)
          result.headless.formUnion(found.headless)
        }
      }
    }
    let result = collected.withLock { $0 }
    try removeRefutedNotes(result.sound)
    try note(headless: result.headless)
    return result
  }

  private func reads(_ pack: ChunkID) -> Bool {
    switch reading {
    case .none: false
    case .all: true
    case .part(let number, let parts):
      // The id is random: its first bytes spread the packs evenly over the parts.
      (Int(pack.bytes[0]) << 8 | Int(pack.bytes[1])) % parts == number - 1
    case .fraction(let fraction): Double.random(in: 0..<1) < fraction
    }
  }

  private func check(
    _ pack: ChunkID, readingData: Bool, _ reader: inout ChunkReader, _ buffers: inout ByteBuffers
  ) throws(SnapshotError) -> Result {
    var result = Result()
    let table: PackTable
    do throws(SnapshotError) {
      table = try PackTableReader(store: repository.store).table(of: pack)
      // The catalogue is a cache, and may be wrong too.
      if try repository.catalogue.entries(of: pack) != table.entries {
        try repository.catalogue.remove(packs: [pack])
        try repository.catalogue.add(pack: pack, table, durable: false)
      }
    } catch {
      guard error.code == .damaged else { throw error }
      result.problems.append(CheckRepository.Problem(code: .damagedPack, message: error.message, pack: pack))
      index.noteDamage(pack: pack, chunk: nil)
      return result
    }
    result.chunks = table.entries.count
    guard readingData else { return result }
    try checkHeader(pack, table, &result)
    var remaining = table.entries[...]
    while let entry = remaining.first {
      let sound = reader.prove(remaining, in: pack, created: table.created, with: &buffers)
      let done = remaining.prefix(max(sound, 1)).reduce(0) { $0 + UInt64($1.storedLength) }
      result.bytesRead += done
      activity.did(bytes: done)
      remaining = remaining.dropFirst(max(sound, 1))
      if sound > 0 { continue }
      buffers[0].count = 0
      do throws(SnapshotError) {
        try reader.prove(entry, in: pack, created: table.created, with: &buffers[0])
      } catch {
        guard error.code == .damaged else { throw error }
        // A base that can't be decoded is a problem of its own, where it lies.
        result.problems.append(
          CheckRepository.Problem(code: .damagedChunk, message: error.message, pack: pack, chunk: entry.id))
      }
    }
    if result.problems.isEmpty { result.sound.insert(pack) }
    return result
  }

  private func checkHeader(_ pack: ChunkID, _ table: PackTable, _ result: inout Result) throws(SnapshotError) {
    let header = try storing("reading pack \(pack.short)") { () throws(StoreError) in
      try repository.store.read(ObjectNames.pack(pack), at: 0, count: PackLayout.headerBytes)
    }
    do throws(FormatError) { try PackLayout.check(header: header, of: table.kind) } catch {
      result.headless.insert(pack)
      result.problems.append(
        CheckRepository.Problem(
          code: .damagedPack, message: "the pack's header is damaged; its chunks are found by its table all the same",
          pack: pack))
    }
  }

  /// No chunk is hurt by that; but a pack that is noted is written anew by the next prune.
  private func note(headless packs: Set<ChunkID>) throws(SnapshotError) {
    guard !packs.isEmpty else { return }
    let noted = Set(try repository.catalogue.notes(.damage).compactMap(\.note.pack))
    for pack in packs.subtracting(noted) {
      try? repository.add(Note(kind: .damage, time: .now, pack: pack, chunks: []))
    }
  }

  /// Notes that a pack can't be read at all, where its table can: a good copy of it was put back. First of all, for what other
  /// packs hold may build on it. What is in the pack is as sure as in any whose data is not read.
  private func withdrawRefutedLosses() throws(SnapshotError) {
    let mending = PackMending(repository)
    let tables = PackTableReader(store: repository.store)
    let readable = try mending.notedLosses().filter { (try? tables.table(of: $0)) != nil }
    guard !readable.isEmpty else { return }
    index.forgetLosses(of: readable)
    try? mending.withdrawLosses(of: readable)
  }

  /// Notes about damage that is no more: the disk has been mended, or a good copy of the pack put back.
  private func removeRefutedNotes(_ sound: Set<ChunkID>) throws(SnapshotError) {
    guard !sound.isEmpty else { return }
    let refuted = try repository.catalogue.notes(.damage).filter { $0.note.pack.map(sound.contains) ?? false }
    guard !refuted.isEmpty else { return }
    index.forgetDamage(of: sound)
    try? repository.remove(notes: refuted.map(\.object))
  }
}
