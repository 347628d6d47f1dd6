import SeededNumbers
import SystemIO
import SystemPackage
import Testing
import ZipArchive

@Suite struct ZipRoundTripTests {
  @Test(arguments: [0, 1, 6, 9])
  func whatIsWrittenIsRead(level: Int) throws {
    var numbers = SeededGenerator(UInt64(level) + 1)
    let block = 128 << 10
    var members: [Member] = []
    let counts = [0, 1, 2, 100, 4095, 16 << 10, block - 1, block, block + 1, 3 * block + 17, 65_535, 131_070, 131_071]
    for sample in Sample.allCases {
      for count in counts + [Int.random(in: 0...300_000, using: &numbers)] {
        let permissions: UInt32 = [0o644, 0o600, 0o755, 0o444, 0o4755].randomElement(using: &numbers)!
        members.append(Member("\(sample)/\(members.count)", sample.bytes(count, &numbers), permissions: permissions))
      }
    }
    // Beyond what is held as a whole, and beyond a batch.
    for sample in Sample.allCases {
      members.append(Member("large/\(sample)", sample.bytes(4 << 20 | 1, &numbers)))
    }
    members.append(Member("large/mixed", mixed(20 << 20, &numbers)))
    members.append(Member("after", Sample.text.bytes(100, &numbers)))
    members.append(Member("folder", kind: .directory, permissions: 0o750))
    members.append(Member("link", Array("large/mixed".utf8), kind: .symbolicLink, permissions: 0o777))
    expectEqual(try ZipArchiveTests.members(of: archive(members, level: level)), members)
  }

  @Test func theSameContentMakesTheSameBytesWithAnyNumberOfWorkers() throws {
    var numbers = SeededGenerator(7)
    var members = (0..<3000).map { i in
      Member("small/\(i)", Sample.text.bytes(Int.random(in: 0...3000, using: &numbers), &numbers))
    }
    members.append(Member("large", mixed(21 << 20, &numbers)))
    members.append(Member("middle", mixed(3 << 20, &numbers)))
    for level in [0, 6] {
      let one = try archive(members, level: level, workers: 1)
      for workers in [2, 3, 8] { #expect(try archive(members, level: level, workers: workers) == one) }
    }
  }

  @Test func whatDoesNotBecomeSmallerIsStored() throws {
    var numbers = SeededGenerator(3)
    let members = [
      Member("text", Sample.text.bytes(300_000, &numbers)), Member("random", Sample.random.bytes(300_000, &numbers)),
      Member("empty"), Member("vectors", Sample.vectors.bytes(300_000, &numbers)),
    ]
    let records = try ZipReader(ZipBytes(archive(members))).records
    #expect(records.map(\.method) == [.deflate, .stored, .stored, .deflate])
    #expect(records[3].compressedSize < 285_000)
    // A large one stays a deflate stream, of stored blocks where there is nothing to gain.
    let large = try ZipReader(ZipBytes(archive([Member("random", Sample.random.bytes(5 << 20, &numbers))]))).records[0]
    #expect(large.method == .deflate)
    #expect(large.compressedSize < large.size + large.size / 8192)
  }

  @Test func anEmptyArchive() throws {
    let bytes = try archive([])
    #expect(bytes.count == 22)
    #expect(try members(of: bytes).isEmpty)
  }

  @Test func namesKeepTheirBytes() throws {
    let members = [
      Member("ünï/日本語 😀", [1]), Member([0x66, 0xFC, 0x72], [2]), Member(" a b", [3]), Member("...", [4]),
      Member(String(repeating: "x", count: 255), [5]),
    ]
    let bytes = try archive(members)
    expectEqual(try ZipArchiveTests.members(of: bytes), members)
    #expect(members[1].entry.nameText == "fⁿr")
    // Bit 11 says UTF-8, where it is that and more than ASCII.
    let first = bytes[6..<8].elementsEqual([0, 8])
    #expect(first)
  }

  @Test(arguments: [
    Int64.min / 2, -11_644_473_600, -11_644_473_599, -2_147_483_649, -1, 0, 315_532_799, 1_700_000_001, 2_147_483_647,
    2_147_483_648, 253_402_300_799,
  ])
  func timesThatFitAreKept(seconds: Int64) throws {
    var member = Member("a", [1])
    member.entry.modified = Timestamp(seconds: seconds, nanoseconds: 5)
    let read = try members(of: archive([member]))[0].entry.modified
    // The field of Unix holds 32 bits, that of NTFS begins after 1601 does.
    if seconds > -11_644_473_600 {
      #expect(read == Timestamp(seconds: seconds))
    } else {
      // Only the time of MS-DOS is left, which begins in 1980.
      #expect(abs(read.seconds - 315_532_800) <= 86_400)
    }
  }

  @Test func aContentThatFailsNamesItsEntry() throws {
    struct Failing: ZipContent {
      var length: UInt64 { 9 << 20 }
      func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws {
        unsafe buffer.initializeMemory(as: UInt8.self, repeating: 1)
        if offset > 4 << 20 { throw SystemError(.ioError, call: "pread") }
      }
    }
    for level in [0, 6] {
      var writer = ZipWriter(to: MemorySink(), level: level)
      do throws(ZipError) {
        try writer.add(ZipEntry(name: "bad", modified: Timestamp(seconds: 0)), content: Failing())
        _ = try writer.finish()
        Issue.record("an unreadable content went through")
      } catch {
        #expect(error.code == .contentUnreadable)
        #expect(error.entry == "bad")
      }
    }
  }

  @Test func aContentThatChangesIsFoundOut() throws {
    let folder = try ScratchFolder()
    let file = try folder.write([1, 2, 3], to: "file")
    var writer = ZipWriter(to: MemorySink())
    try writer.add(ZipEntry(name: "file", modified: Timestamp(seconds: 0)), content: ZipFile(file, length: 4))
    do throws(ZipError) {
      _ = try writer.finish()
      Issue.record("a file that became shorter went through")
    } catch { #expect(error.code == .contentChanged) }
  }

  /// Stretches of all kinds, as in a database.
  private func mixed(_ count: Int, _ numbers: inout SeededGenerator) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      bytes += Sample.allCases.randomElement(using: &numbers)!.bytes(
        Int.random(in: 1...500_000, using: &numbers), &numbers)
    }
    return Array(bytes.prefix(count))
  }
}
