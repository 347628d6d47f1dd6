import SystemIO
import Testing
import ZipArchive

/// Archives that no honest program writes, made by hand.
@Suite struct ZipRefusalTests {
  private func code(_ bytes: [UInt8], limits: ZipLimits = ZipLimits()) -> ZipError.Code? {
    do throws(ZipError) {
      _ = try members(of: bytes, limits: limits)
      return nil
    } catch {
      #expect(!error.message.isEmpty)
      return error.code
    }
  }

  @Test func theMakerOfTheseArchivesMakesSoundOnes() throws {
    let made = Crafted.archive([Crafted("a", [1, 2]), Crafted("b/"), Crafted("b/c", [3])])
    #expect(try members(of: made).map(\.bytes) == [[1, 2], [], [3]])
    #expect(try members(of: made + [0, 0, 0]).map(\.bytes) == [[1, 2], [], [3]], "so is padding")
    #expect(code(made + [0, 0, 9]) == .notAnArchive)
    #expect(try members(of: [9, 9, 9] + made).map(\.bytes) == [[1, 2], [], [3]], "what stands before is passed over")
  }

  @Test(arguments: [
    "/etc/passwd", "../up", "a/../../up", "a/..", "..", "C:/windows", "c:evil", "a\\b", "..\\up", "a\0b", "",
    String(repeating: "x/", count: 2049),
  ])
  func unsafeNames(name: String) throws {
    #expect(code(Crafted.archive([Crafted(name, [1])])) == .unsafeName)
    var writer = ZipWriter(to: MemorySink())
    do throws(ZipError) {
      try writer.add(ZipEntry(name: name, modified: Timestamp(seconds: 0)))
      Issue.record("the writer took \(name)")
    } catch { #expect(error.code == .unsafeName) }
  }

  @Test(arguments: [
    ["a", "a"], ["a", "./a"], ["a/b", "a//b"], ["a", "a/"], ["a/", "a/"], ["a/b", "a"], ["a", "a/b"],
    ["a/b", "x", "a/b/c"],
  ])
  func doubleNames(names: [String]) {
    #expect(code(Crafted.archive(names.map { Crafted($0, $0.hasSuffix("/") ? [] : [1]) })) == .duplicateName)
  }

  @Test func nothingLiesBelowASymbolicLink() {
    let link = Crafted("a", Array("/etc".utf8), attributes: 0o120777 << 16)
    #expect(code(Crafted.archive([link, Crafted("a/passwd", [1])])) == .duplicateName)
    #expect(code(Crafted.archive([Crafted("a/passwd", [1]), link])) == .duplicateName)
  }

  @Test func impliedAndExplicitFoldersAgree() throws {
    #expect(code(Crafted.archive([Crafted("a/b", [1]), Crafted("a/"), Crafted("./"), Crafted("a/c", [1])])) == nil)
  }

  @Test(arguments: [UInt16(1), 1 << 6, 1 << 13])
  func encryption(flags: UInt16) {
    #expect(code(Crafted.archive([Crafted("a", [1], flags: flags)])) == .encrypted)
  }

  @Test(arguments: [UInt16(1), 9, 12, 14, 93, 99])
  func unknownMethods(method: UInt16) {
    #expect(code(Crafted.archive([Crafted("a", [1], method: method)])) == .unsupported)
  }

  @Test func devices() {
    #expect(code(Crafted.archive([Crafted("a", [], attributes: 0o020644 << 16)])) == .unsupported)
  }

  @Test func sharedBytes() {
    // Two records with one local header, as in D. Fifield's bomb; and one entry quoted inside another's data.
    var second = Crafted("b", [1])
    second.offset = 0
    #expect(code(Crafted.archive([Crafted("a", [1]), second])) == .overlapping)
    let inner = Crafted("b", [7, 7, 7]).local
    second = Crafted("b", [7, 7, 7])
    second.offset = UInt32(30 + 1)
    second.isHidden = true
    #expect(code(Crafted.archive([Crafted("a", inner), second])) == .overlapping)
    // A local header whose extra field reaches into the next entry: seen when it is read.
    var long = Crafted("a", [1])
    long.localExtraBytes = 40
    #expect([.overlapping, .damaged].contains(code(Crafted.archive([long, Crafted("b", [1])]))))
  }

  @Test func bombs() throws {
    var limits = ZipLimits()
    let zeros = try archive([Member("a", [UInt8](repeating: 0, count: 3 << 20))])
    #expect(code(zeros, limits: limits) == nil)
    limits.ratioFreeBytes = 1 << 20
    #expect(code(zeros, limits: limits) == .overLimit)
    limits = ZipLimits()
    limits.totalBytes = 3 << 20 - 1
    #expect(code(zeros, limits: limits) == .overLimit)
    limits = ZipLimits()
    limits.entryBytes = 3 << 20 - 1
    #expect(code(zeros, limits: limits) == .overLimit)
    limits = ZipLimits()
    limits.entries = 1
    #expect(code(try archive([Member("a"), Member("b")]), limits: limits) == .overLimit)
  }

  @Test func sizesThatLie() throws {
    // The stream is longer or shorter than the directory says; or more than deflate can make of its bytes.
    let good = try archive([Member("a", Array(repeating: 7, count: 5000))])
    let record = try #require(good.indices.first { good[$0...].starts(with: [0x50, 0x4B, 1, 2]) })
    for (size, expected) in [(4999, ZipError.Code.damaged), (5001, .damaged), (1 << 30, .damaged)] {
      var bytes = good
      for i in 0..<4 { bytes[record + 24 + i] = UInt8(truncatingIfNeeded: size >> (8 * i)) }
      #expect(code(bytes) == expected, "\(size)")
    }
    var shorter = good
    shorter[record + 20] -= 1
    #expect(code(shorter) == .damaged)
    // One byte more than the stream takes; the data descriptor behind it leaves room for such a lie.
    var longer = try archive([Member("a", [UInt8](repeating: 0, count: 5 << 20))])
    let last = try #require(longer.indices.last { longer[$0...].starts(with: [0x50, 0x4B, 1, 2]) })
    longer[last + 20] += 1
    #expect(code(longer) == .damaged)
  }

  @Test func aWrongChecksumOrHeader() throws {
    let good = Crafted.archive([Crafted("name", [1, 2, 3])])
    for (place, what) in [(30, "name"), (34, "data"), (0, "signature"), (8, "method")] {
      var bytes = good
      bytes[place] ^= 0x55
      #expect(code(bytes) == .damaged, "\(what)")
    }
    for count in 0..<good.count { #expect(code(Array(good[..<count])) != nil, "cut to \(count) bytes") }
  }

  @Test func noArchive() {
    #expect(code([]) == .notAnArchive)
    #expect(code([UInt8](repeating: 7, count: 100_000)) == .notAnArchive)
    var volumes = Crafted.archive([])
    volumes[4] = 1
    #expect(code(volumes) == .unsupported)
    var count = Crafted.archive([Crafted("a", [1])])
    count[count.count - 12] = 2
    #expect(code(count) == .damaged)
  }

  @Test func theLastBytesComeOnlyWhenTheChecksumIsRight() throws {
    var bytes = Crafted.archive([Crafted("a", Array(0..<100))])
    bytes[60] ^= 1
    let reader = try ZipReader(ZipBytes(bytes))
    var extractor = ZipExtractor(reader)
    var buffer = ByteBuffer(capacity: 64)
    var seen = 0
    do throws(ZipError) {
      try extractor.extract(reader.records[0], through: &buffer) { piece throws(ZipError) in seen += piece.byteCount }
    } catch { #expect(error.code == .damaged) }
    #expect(seen == 64)
  }
}
