import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage
import Testing

/// The catalogue is a cache: whatever becomes of it, the next run but one is as if nothing had been.
struct CatalogueDamageTests {
  @Test func `Whichever page of the catalogue is lost, it is rebuilt after one run that says so at most`() throws {
    let workshop = try Workshop()
    for number in 0..<200 { try workshop.write("\(number)", Array("file \(number)".utf8)) }
    try workshop.snapshot()
    let file = try workshop.location.open(for: .read).cacheFolder.appending("catalogue.sqlite")
    let log = FilePath(file.string + "-wal")
    // Without its log it is an older one, and as good.
    let bytes = try Descriptor(opening: file).readAll(limit: 1 << 30)
    let pages = bytes.count / 4096
    try #require(pages > 20)
    var failures = 0
    for page in 0..<pages {
      var damaged = bytes
      for i in page * 4096..<(page + 1) * 4096 { damaged[i] = 0x5A }
      try? FileSystem.removeFile(log)
      try? FileSystem.removeFile(FilePath(file.string + "-shm"))
      try Descriptor(opening: file, .write, [.create, .truncate]).write(damaged)
      try workshop.write("changing", [UInt8(page & 255)])
      do { try workshop.snapshot() } catch let error as SnapshotError {
        failures += 1
        #expect(error.message.contains("catalogue"), "\(error.message)")
        try workshop.snapshot()
      }
      let found = try ListSnapshots().run(in: workshop.location).snapshots
      // One that failed may have been committed before.
      #expect(found.count >= page + 2, "page \(page)")
    }
    #expect(failures > 0)
    let check = try CheckRepository().run(in: workshop.location)
    #expect(check.isSound)
  }
}
