import SeededNumbers
import SystemIO
import SystemPackage
import Testing

struct SpoolTests {
  @Test func `What was added is read again, from memory, from the file and across both`() throws {
    let workshop = try Workshop()
    var generator = SeededGenerator(1)
    let spool = Spool(memory: 100_000, folder: workshop.folder)
    var added: [(bytes: [UInt8], run: Spool.Run)] = []
    for length in [40_000, 0, 50_000, 30_000, 1, 70_000] {
      let bytes = generator.bytes(length)
      added.append((bytes, try spool.add(bytes.rawSpan)))
    }
    #expect(spool.count == 190_001)
    for (bytes, run) in added.shuffled(using: &generator) {
      for offset in [0, bytes.count / 3, bytes.count] {
        var buffer = ByteBuffer(capacity: 80_000)
        buffer.count = unsafe try spool.read(run, from: offset, into: buffer.storage)
        #expect(unsafe Array(buffer.pointer) == Array(bytes[offset...]))
      }
    }
    // The file has no name that could be left behind.
    #expect(try DirectoryReader.names(in: workshop.folder).allSatisfy { !$0.starts(with: Array("spool".utf8)) })
  }

  @Test func `Several threads add at once`() throws {
    let workshop = try Workshop()
    let spool = Spool(memory: 1 << 20, folder: workshop.folder)
    try parallelLoop(items: 64, workers: 4) { (next: () -> Int?) throws(SystemError) in
      while let i = next() {
        let bytes = [UInt8](repeating: UInt8(i), count: 40_000)
        let run = try spool.add(bytes.rawSpan)
        var buffer = ByteBuffer(capacity: 40_000)
        buffer.count = unsafe try spool.read(run, into: buffer.storage)
        #expect(unsafe Array(buffer.pointer) == bytes)
      }
    }
  }
}
