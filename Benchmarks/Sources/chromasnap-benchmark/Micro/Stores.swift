import CMeasurement
import Foundation
import ObjectStorage
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage
import ZipArchive

/// The rates of what works on files: packs, the catalogue, archives.
enum Stores {
  static func rates(_ samples: Samples, _ settings: Settings) throws -> [Rate] {
    let folder = "\(settings.work)/micro"
    Folders.remove(folder)
    try Folders.make(folder)
    defer { Folders.remove(folder) }
    let place = Repository.Place(
      store: LocalStore(FilePath("\(folder)/repository")), name: "micro", caches: FilePath("\(folder)/cache"),
      lockTimeout: 0)
    try Repository.create(at: place)
    let repository = try Repository.open(at: place, for: .write)
    let lookups = try lookups(repository)
    return [
      Rate(
        part: "packs, written and synced", measured: try packs(samples, repository), ceiling: "write, fsync",
        limit: try files(samples, folder)),
      lookups,
      Rate(
        part: "deflate, level 6, all processors", measured: try deflate(samples, "\(folder)/archive.zip"),
        ceiling: "zlib, as many",
        limit: Ceilings.zlib(samples.text, level: 6) * Double(Platform.processorCount)),
    ]
  }

  private static func packs(_ samples: Samples, _ repository: Repository) throws -> Double {
    var number = 0
    return try Rate.ofWall(4 * Samples.bytes) {
      let writer = PackWriter(repository, kind: .data, index: nil)
      for _ in 0..<4 {
        try Samples.forEachChunk { range in
          number += 1
          try writer.add(
            id: ChunkID(of: Array("\(number)".utf8)), length: range.count, depth: 0, base: nil
          ) { (output) throws(SnapshotError) in
            output.append(samples.text.rawSpan.extracting(range))
            return Encoding(.raw)
          }
        }
      }
      try writer.finish()
    }
  }

  private static func files(_ samples: Samples, _ folder: String) throws -> Double {
    var number = 0
    return try Rate.ofWall(4 * Samples.bytes) {
      for _ in 0..<2 {
        number += 1
        let path = FilePath("\(folder)/file-\(number)")
        let file = try Descriptor(opening: path, .write, [.create])
        for _ in 0..<2 { try file.write(samples.text) }
        try file.synchronize()
      }
    }
  }

  /// Chunks in a catalogue of 160,000, against one bare statement of SQLite over the same file.
  private static func lookups(_ repository: Repository) throws -> Rate {
    var ids: [ChunkID] = []
    for pack in 0..<10 {
      let entries = (0..<16_000).map { number in
        PackEntry(
          id: ChunkID(of: Array("\(pack)/\(number)".utf8)), length: 262_144, offset: UInt32(64 + 1000 * number),
          storedLength: 1000, encoding: Encoding(.zstd), checksum: 0)
      }
      let table = PackTable(kind: .data, nonce: randomBytes(16), created: 0, entries: entries)
      try repository.catalogue.add(pack: ChunkID(of: Array("pack \(pack)".utf8)), table, durable: true)
      ids += entries.map(\.id)
    }
    ids.shuffle()
    let wanted = Array(ids.prefix(4096))
    let measured = try Rate.of(wanted.count) {
      try repository.catalogue.findCopies { finder in
        try finder.begin()
        for id in wanted {
          let copies = try finder.copies(of: id)
          precondition(copies.count == 1)
        }
      }
    }
    let bytes = wanted.flatMap(\.bytes)
    let file = repository.cacheFolder.appending("catalogue.sqlite").string
    let statement = "SELECT c.offset, p.id FROM chunk c JOIN pack p ON p.key = c.pack WHERE c.id = ?"
    let limit = Rate.of(wanted.count) {
      precondition(sqlite_found(file, statement, bytes, 32, Int32(wanted.count)) == wanted.count)
    }
    return Rate(part: "catalogue, chunks found", measured: measured, ceiling: "SQLite", limit: limit, unit: "/s")
  }

  private static func deflate(_ samples: Samples, _ path: String) throws -> Double {
    let content = ZipBytes(samples.text)
    return try Rate.ofWall(Samples.bytes) {
      let file = try Descriptor(opening: FilePath(path), .write, [.create, .truncate])
      var writer = ZipWriter(to: file, level: 6)
      try writer.add(ZipEntry(name: Array("text".utf8), modified: .now), content: content)
      _ = try writer.finish()
    }
  }
}
