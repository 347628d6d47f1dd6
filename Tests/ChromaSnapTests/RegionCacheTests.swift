import ChromaSnap
import ObjectStorage
import SeededNumbers
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage
import Testing

/// The bytes that are kept locally of regions that change again and again.
struct RegionCacheTests {
  private static let region = 262_144
  private static let bytes: [UInt8] = {
    var random = SeededGenerator(31)
    return Array("SQLite format 3\0".utf8) + random.text(12 * region)
  }()
  private static let key = LastingFingerprint.Key(seed: [1])

  // MARK: By itself

  /// What the cache is told and asked when a region is stored, without a repository.
  private struct Player {
    let folder: FilePath
    let bytesMaximum: Int
    var regions: [[UInt8]]
    /// By region: what was found of the bytes that it had.
    typealias Found = Bool?

    /// One snapshot in which these regions change.
    func change(_ regions: [Int], to new: [[UInt8]], in snapshot: UInt64) throws -> [Found] {
      let cache = RegionCache(
        in: folder, source: "s", snapshot: snapshot, regionBytes: RegionCacheTests.region, key: RegionCacheTests.key,
        bytesMaximum: bytesMaximum)
      let file = try #require(cache.file(Array("db".utf8), length: 64 << 20))
      let found = regions.map { number -> Found in
        let (old, new) = (self.regions[number], new[number])
        let place = UInt64(number * RegionCacheTests.region)
        let change = file.change(to: new.rawSpan, at: place, from: ChunkID(of: old))
        let base = file.base(ChunkWriter.Base(ChunkID(of: old)), of: change, length: new.count, at: place)
        var buffer = ByteBuffer(capacity: RegionCacheTests.region)
        let found = base.dirtyBytes.map { $0(&buffer) }
        if found == true, let dirty = base.dirty {
          for range in dirty.byteRanges(length: new.count) {
            #expect(unsafe buffer.storage[range].elementsEqual(old[range]), "what was found is what there was")
          }
        }
        file.note(new.rawSpan, of: ChunkID(of: new), change, at: place, wasDecoded: found != true)
        return found
      }
      cache.conclude()
      return found
    }

    /// The same with 20 new blocks in each.
    mutating func play(_ numbers: some Sequence<Int>, in snapshot: UInt64) throws -> [Found] {
      var random = SeededGenerator(snapshot)
      var new = regions
      for number in numbers {
        for block in 0..<20 { new[number][2048 * block + 100] ^= UInt8(random.int(1..<256)) }
      }
      defer { regions = new }
      return try change(Array(numbers), to: new, in: snapshot)
    }
  }

  private func player(_ workshop: Workshop, room: Int, regions: Int) -> Player {
    var random = SeededGenerator(32)
    return Player(
      folder: workshop.folder.appending("regions"), bytesMaximum: room * Self.region,
      regions: (0..<regions).map { _ in random.bytes(Self.region) })
  }

  @Test func `What changes soon again is kept, and found from then on`() throws {
    let workshop = try Workshop()
    var player = player(workshop, room: 8, regions: 2)
    #expect(try player.play([0, 1], in: 1) == [nil, nil], "nothing is known")
    #expect(try player.play([0, 1], in: 2) == [nil, nil], "stored, but not changed before")
    #expect(try player.play([0], in: 3) == [nil], "not kept yet, but from now on")
    #expect(try player.play([0], in: 4) == [true])
    #expect(try player.play([0, 1], in: 20) == [true, nil], "kept for good; the other has not changed for long")
    #expect(try player.play([0, 1], in: 40) == [true, nil])
    #expect(try player.play([1], in: 41) == [nil])
    #expect(try player.play([0, 1], in: 42) == [true, true])
  }

  @Test func `No more is kept than there is room for`() throws {
    let workshop = try Workshop()
    var player = player(workshop, room: 3, regions: 6)
    for snapshot in 1...6 { _ = try player.play(0..<6, in: UInt64(snapshot)) }
    let found = try player.play(0..<6, in: 7)
    #expect(found.count { $0 == true } == 3)
    let file = player.folder.appending(try #require(try bytesFiles(in: player.folder).first))
    #expect(try FileStatus(at: file).allocatedSize <= UInt64(4 * Self.region))
  }

  @Test func `Bytes that fill the room and are of no use any more make room for others`() throws {
    let workshop = try Workshop()
    var player = player(workshop, room: 20, regions: 40)
    for snapshot in 0...3 { _ = try player.play(0..<20, in: UInt64(snapshot)) }
    #expect(try player.play(0..<20, in: 4).allSatisfy { $0 == true })
    // Others change now.
    for snapshot in 5...9 { _ = try player.play(20..<40, in: UInt64(snapshot)) }
    #expect(try player.play(20..<40, in: 10).allSatisfy { $0 == true })
    // The first ones are thought to be there, which does no harm.
    #expect(try player.play(0..<20, in: 11).allSatisfy { $0 == false })
  }

  @Test func `Bytes that are in use fill the room for good`() throws {
    let workshop = try Workshop()
    var player = player(workshop, room: 20, regions: 40)
    for snapshot in 0...3 { _ = try player.play(0..<20, in: UInt64(snapshot)) }
    for snapshot in 4...9 { #expect(try player.play(0..<40, in: UInt64(snapshot)).count { $0 == true } == 20) }
  }

  private func bytesFiles(in folder: FilePath) throws -> [String] {
    try DirectoryReader.names(in: folder).map { String(decoding: $0, as: UTF8.self) }.filter { $0.hasSuffix(".bytes") }
  }

  // MARK: In a snapshot

  /// 20 blocks of a region.
  private func changed(_ bytes: [UInt8], _ seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed)
    var result = bytes
    for block in 0..<20 { result[5 * Self.region + 2048 * block + 100] ^= UInt8(random.int(1..<256)) }
    return result
  }

  private func files(of workshop: Workshop) throws -> [FilePath] {
    let caches = workshop.folder.appending("cache")
    return try DirectoryReader.names(in: caches).flatMap { cache in
      let folder = caches.appending(nameBytes: cache).appending("regions")
      return try bytesFiles(in: folder).map { folder.appending($0) }
    }
  }

  /// Of how many chunks of the length of a region patches were made, and how many were stored whole.
  private func stored(_ snapshot: Snapshot, in workshop: Workshop) throws -> [Bool] {
    let catalogue = try workshop.location.open(for: .read).catalogue
    return try snapshot.manifest.packs.flatMap { try catalogue.entries(of: $0) }.filter { $0.length == Self.region }
      .map { $0.base != nil }
  }

  /// Whether a base was decoded shows where none can be.
  @Test(arguments: ["whole", "lost", "damaged", "short"])
  func `The base of a region that changes again and again is not decoded`(state: String) throws {
    let workshop = try Workshop()
    var bytes = Self.bytes
    for seed in 0..<4 as Range<UInt64> {
      try workshop.write("db", bytes)
      try workshop.snapshot()
      bytes = changed(bytes, seed)
    }
    try damageRegions(workshop)
    for file in try files(of: workshop) {
      switch state {
      case "lost": try FileSystem.removeFile(file)
      case "short": try Descriptor(opening: file, .write).resize(to: 100)
      case "damaged":
        var bytes = try Descriptor(opening: file).readAll(limit: 1 << 30)
        for i in stride(from: 0, to: bytes.count, by: 500) { bytes[i] ^= 0x10 }
        try Descriptor(opening: file, .write).write(bytes)
      default: break
      }
    }
    try workshop.write("db", bytes)
    #expect(try stored(try workshop.snapshot(), in: workshop) == [state == "whole"])
  }

  /// Makes all stored forms of regions undecodable.
  private func damageRegions(_ workshop: Workshop) throws {
    let repository = try workshop.location.open(for: .read)
    for pack in try repository.catalogue.packs() {
      for entry in try repository.catalogue.entries(of: pack) where entry.length == Self.region {
        try workshop.damage(
          workshop.repositoryFolder.pushing(FilePath(ObjectNames.pack(pack))), at: UInt64(entry.offset) + 20)
      }
    }
  }

  @Test(arguments: [(7, true), (8, false), (9, true)])
  func `Every eighth patch proves that its base can be decoded`(snapshots: Int, isPatched: Bool) throws {
    let workshop = try Workshop()
    var bytes = Self.bytes
    for seed in 0..<UInt64(snapshots) {
      try workshop.write("db", bytes)
      try workshop.snapshot()
      bytes = changed(bytes, seed)
    }
    try damageRegions(workshop)
    try workshop.write("db", bytes)
    #expect(try stored(try workshop.snapshot(), in: workshop) == [isPatched])
  }

  /// Whatever state it was in before.
  @Test func `Every snapshot is right, with bytes kept, lost and kept anew`() throws {
    let workshop = try Workshop()
    var bytes = Self.bytes
    var all: [(Snapshot, [UInt8])] = []
    for i in 0..<30 {
      try workshop.write("db", bytes)
      all.append((try workshop.snapshot(), bytes))
      bytes = changed(bytes, UInt64(i))
      if i % 7 == 3 { for file in try files(of: workshop) { try FileSystem.removeFile(file) } }
      if i % 7 == 6 { for file in try files(of: workshop) { try Descriptor(opening: file, .write).resize(to: 0) } }
    }
    for (snapshot, bytes) in all { #expect(try workshop.restored(snapshot)["db"] == bytes) }
    #expect(try workshop.check().isSound)
  }

  // MARK: Lengths

  /// Hashes of blocks do not tell how long the last one is: a file that grows or shrinks by zeros within its last block must
  /// not be taken for one that is as it was.
  @Test func `A file may become longer or shorter within its last block`() throws {
    let workshop = try Workshop()
    var random = SeededGenerator(41)
    var bytes = Array("SQLite format 3\0".utf8) + random.bytes(2_600_000)
    var taken: [(Snapshot, [UInt8])] = []
    for step in 0..<12 {
      switch step % 4 {
      case 1: bytes += [UInt8](repeating: 0, count: 4)
      case 2: bytes += [UInt8](repeating: 0, count: 20)
      case 3: bytes.removeLast(11)
      default: for block in 0..<40 { bytes[block * 1000 + 300_000] ^= UInt8(random.int(1..<256)) }
      }
      try workshop.write("db", bytes, old: false)
      taken.append((try workshop.snapshot(), bytes))
    }
    for (snapshot, bytes) in taken { #expect(try workshop.restored(snapshot) == ["db": bytes]) }
    #expect(try workshop.check().problems.isEmpty)
  }
}
