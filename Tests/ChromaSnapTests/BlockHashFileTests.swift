import ChromaSnap
import ObjectStorage
import SeededNumbers
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage
import Testing

/// What is kept locally of the blocks of long files, and what a snapshot makes of it.
struct BlockHashFileTests {
  private static let region = 262_144
  private static let bytes: [UInt8] = {
    var random = SeededGenerator(21)
    return Array("SQLite format 3\0".utf8) + random.text(12 * region)
  }()

  private func opened(_ path: FilePath, seed: UInt8 = 1) throws -> BlockHashFile {
    BlockHashFile(
      try Descriptor(opening: path, .readWrite, [.create]), regionBytes: Self.region,
      key: LastingFingerprint.Key(seed: [seed]))
  }

  @Test func `A record is of one chunk, at one place, under one key, or of nothing`() throws {
    let workshop = try Workshop()
    let path = workshop.folder.appending("hashes")
    let file = try opened(path)
    var random = SeededGenerator(22)
    let chunk = random.bytes(Self.region)
    let (id, hashes) = (ChunkID(of: chunk), BlockHashes(of: chunk.rawSpan, under: file.key.blocks))
    let record = BlockHashFile.Record(hashes, changed: 7, isKept: true)
    let place = UInt64(3 * Self.region)
    #expect(file.record(of: id, length: chunk.count, at: place) == nil)
    file.write(record, of: id, at: place)
    #expect(file.record(of: id, length: chunk.count, at: place) == record)
    #expect(file.record(of: id, length: chunk.count, at: 0) == nil)
    #expect(file.record(of: id, length: chunk.count - 512, at: place) == nil)
    #expect(file.record(of: ChunkID(of: [1]), length: chunk.count, at: place) == nil)
    #expect(try opened(path, seed: 2).record(of: id, length: chunk.count, at: place) == nil)
    #expect(try opened(path).record(of: id, length: chunk.count, at: place) == record)

    // One that was torn, wherever.
    let whole = try Descriptor(opening: path).readAll(limit: 1 << 20)
    let start = whole.count - 4168
    for at in [start, start + 32, start + 64, start + 72, start + 2000, whole.count - 1] {
      var torn = whole
      torn[at] ^= 1
      try Descriptor(opening: path, .write).write(torn)
      #expect(file.record(of: id, length: chunk.count, at: place) == nil, "byte \(at - start)")
    }
  }

  /// A patch that has no prefix was made without its base.
  private func patches(_ snapshot: Snapshot, in workshop: Workshop) throws -> [Bool] {
    let repository = try workshop.location.open(for: .read)
    return try snapshot.manifest.packs.flatMap { pack in
      try repository.catalogue.entries(of: pack).filter { $0.base != nil && $0.length == Self.region }.map { entry in
        var flags: [UInt8] = [0]
        _ = unsafe try flags.withUnsafeMutableBytes { flags in
          unsafe try repository.store.read(ObjectNames.pack(pack), at: UInt64(entry.offset), into: flags)
        }
        return flags[0] & 1 == 0
      }
    }
  }

  private func changed(_ bytes: [UInt8], blocks: Int, in region: Int, _ seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed)
    var result = bytes
    for block in 0..<blocks { result[region * Self.region + 2048 * block + 100] ^= UInt8(random.int(1..<256)) }
    return result
  }

  @Test func `Of a region of which little has changed the base is not decoded`() throws {
    let workshop = try Workshop()
    try workshop.write("db", Self.bytes)
    try workshop.snapshot()
    let second = changed(Self.bytes, blocks: 2, in: 5, 1)
    try workshop.write("db", second)
    let little = try workshop.snapshot()
    #expect(try patches(little, in: workshop) == [true])
    let third = changed(second, blocks: 20, in: 5, 2)
    try workshop.write("db", third)
    let much = try workshop.snapshot()
    #expect(try patches(much, in: workshop) == [false])
    #expect(try workshop.restored(little)["db"] == second)
    #expect(try workshop.restored(much)["db"] == third)
    #expect(try workshop.check().isSound)
  }

  /// What is kept is a cache: lost, damaged or of other content, it only costs time.
  @Test(arguments: ["lost", "damaged", "foreign"])
  func `Without the hashes the base tells`(state: String) throws {
    let workshop = try Workshop()
    try workshop.write("db", Self.bytes)
    try workshop.snapshot()
    for file in try Self.files(of: workshop) {
      switch state {
      case "lost": try FileSystem.removeFile(file)
      case "damaged":
        var bytes = try Descriptor(opening: file).readAll(limit: 1 << 30)
        for i in stride(from: 0, to: bytes.count, by: 500) { bytes[i] ^= 0x10 }
        try Descriptor(opening: file, .write).write(bytes)
      default:
        var random = SeededGenerator(23)
        try Descriptor(opening: file, .write).write(random.bytes(200_000))
      }
    }
    let bytes = changed(Self.bytes, blocks: 2, in: 5, 1)
    try workshop.write("db", bytes)
    let second = try workshop.snapshot()
    #expect(try patches(second, in: workshop) == [false])
    #expect(try workshop.restored(second)["db"] == bytes)
    // It is there again.
    try workshop.write("db", changed(bytes, blocks: 1, in: 5, 2))
    #expect(try patches(try workshop.snapshot(), in: workshop) == [true])
  }

  /// Past the longest chain, with and without bases.
  @Test func `A chain of little and of larger changes is right at every step`() throws {
    let workshop = try Workshop()
    var bytes = Self.bytes
    var all: [(Snapshot, [UInt8])] = []
    for i in 0..<40 {
      bytes = changed(bytes, blocks: i % 3 == 0 ? 12 : 1, in: i % 2, UInt64(i))
      try workshop.write("db", bytes)
      all.append((try workshop.snapshot(), bytes))
    }
    for (snapshot, bytes) in all { #expect(try workshop.restored(snapshot)["db"] == bytes) }
    #expect(try workshop.check().isSound)
  }

  @Test func `A prune removes what no snapshot has written to for long`() throws {
    let workshop = try Workshop()
    try workshop.write("db", Self.bytes)
    try workshop.write("other", Self.bytes.reversed() + Self.bytes)
    try workshop.snapshot()
    let files = try Self.files(of: workshop)
    #expect(files.count == 2, "the hashes of one file's regions, and bytes of some")
    _ = try workshop.prune()
    #expect(try Self.files(of: workshop) == files)
    try FileSystem.setModified(Timestamp(seconds: Timestamp.now.seconds - 91 * 86_400), at: files[0])
    _ = try workshop.prune()
    #expect(try Self.files(of: workshop) == [files[1]])
  }

  private static func files(of workshop: Workshop) throws -> [FilePath] {
    let caches = workshop.folder.appending("cache")
    return try DirectoryReader.names(in: caches).flatMap { cache in
      let folder = caches.appending(nameBytes: cache).appending("regions")
      return try DirectoryReader.names(in: folder).map { folder.appending(nameBytes: $0) }
    }
  }

  /// A cut that a change makes possible inside of a chunk is not taken: what follows stays where it was.
  @Test func `What was changed in place stays cut as it was`() throws {
    let workshop = try Workshop()
    var random = SeededGenerator(24)
    var bytes = random.bytes(12 << 20)
    try workshop.write("vectors", bytes)
    let first = try workshop.snapshot()
    let before = try Self.lengths(of: "vectors", first, workshop)
    let chunker = GearChunker(try workshop.location.open(for: .read).config.chunking)
    // The end of one chunk, which says that it may end there, in the middle of each longer one.
    var starts: [Int] = []
    var at = 0
    for length in before {
      starts.append(at)
      at += length
    }
    let ending = try #require(before.indices.dropLast().first { before[$0] > 300_000 && before[$0] < 1 << 20 })
    let end = starts[ending] + before[ending]
    let mark = Array(bytes[end - 64..<end])
    var changed = 0
    for (start, length) in zip(starts, before) where length > 400_000 && start != starts[ending] {
      bytes.replaceSubrange(start + 300_000 - 64..<start + 300_000, with: mark)
      let cut = chunker.cut(bytes.rawSpan.extracting(start..<start + length))
      #expect(cut <= 300_000)
      changed += 1
    }
    #expect(changed > 0)
    try workshop.write("vectors", bytes)
    let second = try workshop.snapshot()
    #expect(try Self.lengths(of: "vectors", second, workshop) == before)
    #expect(try workshop.restored(second)["vectors"] == bytes)
  }

  private static func lengths(of name: String, _ snapshot: Snapshot, _ workshop: Workshop) throws -> [Int] {
    let repository = try workshop.location.open(for: .read)
    var reader = ChunkReader(repository, index: try ChunkIndex(repository))
    let root = try reader.tree(snapshot.manifest.tree)
    guard case .directory(let content) = try #require(root.entries.first).kind else { return [] }
    let entry = try #require(try reader.tree(content).entries.first { $0.name == Array(name.utf8) })
    guard case .file(let content, _) = entry.kind else { return [] }
    return try reader.segments(of: content).flatMap { try reader.chunks(of: $0).map { Int($0.length) } }
  }
}
