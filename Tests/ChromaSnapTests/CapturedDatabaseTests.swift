import ChromaDB
import ChromaSnap
import SeededNumbers
import SnapshotFormat
import SystemIO
import SystemPackage
import Testing

/// A database on disk stands for what a snapshot holds only as far as it still is the same.
@Suite struct CapturedDatabaseTests {
  private static let regionBytes = 16_384

  /// A file of `bytes` that was read and stored, region by region.
  private func withCaptured(
    _ bytes: [UInt8], _ body: (CapturedDatabase, DatabaseRegions, FilePath) throws -> Void
  ) throws {
    let path = FilePath("/tmp/chromasnap-captured-\(UInt64.random(in: 0 ... .max))")
    defer { try? FileSystem.removeFile(path) }
    try Descriptor(opening: path, .write, [.create, .exclusive]).write(bytes)
    let regions = DatabaseRegions(regionBytes: Self.regionBytes, LastingFingerprint.Key(seed: [1]))
    regions.note(bytes.rawSpan, from: 0, isAtEnd: true)
    let chunks = stride(from: 0, to: bytes.count, by: Self.regionBytes).map { start in
      let part = Array(bytes[start..<min(bytes.count, start + Self.regionBytes)])
      return ChunkList.Child(id: ChunkID(of: part), length: UInt64(part.count))
    }
    regions.note(chunks, from: 0)
    try body(try #require(CapturedDatabase(path, regions)), regions, path)
  }

  @Test func whatIsAsItWasIsRead() throws {
    var generator = SeededGenerator(1)
    let bytes = generator.bytes(3 * Self.regionBytes + 5000)
    try withCaptured(bytes) { captured, _, _ in
      #expect(captured.size == UInt64(bytes.count))
      for (offset, count) in [(0, 100), (0, 4096), (4000, 200), (16_384, 16_384), (49_152, 5000), (54_000, 500)] {
        let read = try captured.bytes(at: UInt64(offset), count: count)
        #expect(read == Array(bytes[offset..<min(bytes.count, offset + count)]))
      }
    }
  }

  @Test func whatHasChangedSinceIsNot() throws {
    var generator = SeededGenerator(2)
    let bytes = generator.bytes(3 * Self.regionBytes)
    try withCaptured(bytes) { captured, _, path in
      let file = try Descriptor(opening: path, .readWrite)
      try unsafe [bytes[20_000] ^ 1].withUnsafeBytes { try unsafe file.write($0, at: 20_000) }
      let unchanged = try captured.bytes(at: 0, count: 4096)
      #expect(unchanged == Array(bytes[..<4096]))
      #expect(throws: CapturedDatabase.Changed.self) { try captured.bytes(at: 19_500, count: 10) }
    }
  }

  /// What was read once more is another database until it is stored.
  @Test func whatIsNotStoredIsNot() throws {
    var generator = SeededGenerator(3)
    let bytes = generator.bytes(2 * Self.regionBytes)
    try withCaptured(bytes) { captured, regions, path in
      let other = generator.bytes(Self.regionBytes)
      try unsafe other.withUnsafeBytes { bytes in
        try unsafe Descriptor(opening: path, .readWrite).write(bytes, at: UInt64(Self.regionBytes))
      }
      #expect(regions.fingerprint(at: UInt64(Self.regionBytes), length: Self.regionBytes) != nil)
      let isKnown = regions.note(other.rawSpan, of: 1)
      #expect(!isKnown)
      #expect(regions.fingerprint(at: UInt64(Self.regionBytes), length: Self.regionBytes) == nil)
      #expect(throws: CapturedDatabase.Changed.self) {
        try captured.bytes(at: UInt64(Self.regionBytes), count: 4096)
      }
    }
  }
}
