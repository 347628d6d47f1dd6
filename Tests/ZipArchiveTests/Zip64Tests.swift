import Synchronization
import SystemIO
import SystemPackage
import Testing
import ZipArchive

@Suite(.serialized) struct Zip64Tests {
  /// More than 4 GiB of zeros that cost nothing to read.
  private struct Hole: ZipContent {
    var length: UInt64 { 4 << 30 | 5 }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws {
      unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
    }
  }

  /// A file in which zeros become holes, so that an archive of more than 4 GiB takes no disk.
  private final class SparseSink: ByteSink {
    private let file: Descriptor
    private let offset = Mutex<UInt64>(0)

    init(_ path: FilePath) throws { file = try Descriptor(opening: path, .readWrite, [.create, .truncate]) }

    func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
      let start = offset.withLock { offset in
        defer { offset += UInt64(bytes.count) }
        return offset
      }
      if unsafe bytes.allSatisfy({ $0 == 0 }) {
        try file.resize(to: start + UInt64(bytes.count))
      } else {
        unsafe try file.write(bytes, at: start)
      }
    }
  }

  @Test(arguments: [0, 1])
  func beyondFourGiB(level: Int) throws {
    let folder = try ScratchFolder()
    let path = folder.path.appending("a.zip")
    let time = Timestamp(seconds: 1_700_000_000)
    var writer = ZipWriter(to: try SparseSink(path), level: level)
    try writer.add(ZipEntry(name: "hole", modified: time), content: Hole())
    try writer.add(ZipEntry(name: "after", modified: time), content: ZipBytes("after"))
    let summary = try writer.finish()
    #expect((summary.bytes > 4 << 30) == (level == 0))

    var limits = ZipLimits()
    let file = try Descriptor(opening: path)
    do throws(ZipError) {
      _ = try ZipReader(file, limits: limits)
      #expect(level == 0, "four gigabytes of zeros in a few megabytes look like a bomb")
    } catch { #expect(error.code == .overLimit) }
    limits.ratio = 2000
    let reader = try ZipReader(Descriptor(opening: path), limits: limits)
    #expect(reader.records.map(\.size) == [Hole().length, 5])
    var extractor = ZipExtractor(reader)
    #expect(try extractor.bytes(of: reader.records[1]) == Array("after".utf8))
    var buffer = ByteBuffer(capacity: 1 << 20)
    var count: UInt64 = 0
    try extractor.extract(reader.records[0], through: &buffer) { piece throws(ZipError) in
      count += UInt64(piece.byteCount)
    }
    #expect(count == Hole().length)

    let sizes = try Program.run(
      [
        "python3", "-c",
        "import zipfile; z = zipfile.ZipFile('a.zip'); print([i.file_size for i in z.infolist()], z.read('after'))",
      ], in: folder.path)
    #expect(sizes == "[4294967301, 5] b'after'\n")
    // The second entry lies beyond 4 GiB at level 0. At level 1 the first has a descriptor with sizes of 8 bytes, which
    // only a reader of streams relies on.
    for program in [["unzip", "-p", "a.zip", "after"], ["7z", "x", "-so", "a.zip", "after"]] {
      #expect(try Program.run(program, in: folder.path).contains("after"))
    }
    #expect(try Program.run(["bsdtar", "-tf", "a.zip"], in: folder.path) == "hole\nafter\n")
    if level > 0 {
      let streamed = try Program.run(["sh", "-c", "cat a.zip | bsdtar -xOf - | wc -c"], in: folder.path)
      #expect(streamed == "4294967306\n")
    }
  }

  @Test func moreThan65535Entries() throws {
    let folder = try ScratchFolder()
    let members = (0..<65_600).map { Member("\($0 % 100)/\($0)", $0 % 1000 == 0 ? Array("\($0)".utf8) : []) }
    let bytes = try archive(members)
    _ = try folder.write(bytes, to: "a.zip")
    expectEqual(try ZipArchiveTests.members(of: bytes), members)
    let count = try Program.run(
      ["python3", "-c", "import zipfile; print(len(zipfile.ZipFile('a.zip').namelist()))"], in: folder.path)
    #expect(count == "65600\n")
    for program in [["unzip", "-tq", "a.zip"], ["7z", "t", "a.zip"]] { try Program.run(program, in: folder.path) }
    let lines = try Program.run(["sh", "-c", "bsdtar -tf a.zip | wc -l"], in: folder.path)
    #expect(lines == "65600\n")
  }

  @Test func whatPythonWritesAsZIP64IsRead() throws {
    let folder = try ScratchFolder()
    try Program.run(
      [
        "python3", "-c",
        """
        import zipfile
        with zipfile.ZipFile("a.zip", "w", zipfile.ZIP_DEFLATED) as z:
            for i in range(65600): z.writestr(str(i), "x" if i == 65599 else "")
        """,
      ], in: folder.path)
    let read = try members(of: Descriptor(opening: folder.path.appending("a.zip")).readAll(limit: 1 << 30))
    #expect(read.count == 65_600)
    #expect(read.last?.bytes == Array("x".utf8))
  }
}
