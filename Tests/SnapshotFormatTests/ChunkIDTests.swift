import Crypto
import SeededNumbers
import SnapshotFormat
import SystemIO
import Testing

@Suite("Chunk ids")
struct ChunkIDTests {
  /// FIPS 180-4's examples, as published in NIST's "Cryptographic Standards and Guidelines: Example Values".
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ])
  func publishedVectors(message: String, digest: String) {
    #expect(ChunkID(of: Array(message.utf8)).description == digest)
  }

  @Test func aMillionLettersA() {
    let id = ChunkID(of: [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000))
    #expect(id.description == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  /// Every length around the block's and the padding's edges.
  @Test func agreesWithSwiftCrypto() {
    var generator = SeededGenerator(1)
    for count in Array(0...300) + [1023, 4096, 65_535, 262_144, 1_000_003] {
      let message = generator.bytes(count)
      #expect(ChunkID(of: message).bytes == Array(SHA256.hash(data: message)), "\(count) bytes")
    }
  }

  /// All that this processor can do, though one way is the best for it.
  private static let atOnce = Set([min(2, ChunkID.hashedAtOnceMaximum), ChunkID.hashedAtOnceMaximum]).sorted()

  /// Any number of messages, of any lengths: shorter ones end while others go on.
  @Test(arguments: atOnce) func severalAreHashedAsEachAlone(atOnce: Int) {
    var generator = SeededGenerator(2)
    for round in 0..<300 {
      let longest = [1, 65, 260, 5000, 70_000][round % 5]
      let messages = (0..<generator.int(0..<50)).map { _ in generator.bytes(generator.int(0..<longest)) }
      let joined = messages.flatMap(\.self)
      let ids = unsafe joined.withUnsafeBytes { bytes in
        var start = 0
        return unsafe ChunkID.ids(
          of: messages.map { message in
            defer { start += message.count }
            return unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<start + message.count])
          }, atOnce: atOnce)
      }
      #expect(ids.map(\.bytes) == messages.map { Array(SHA256.hash(data: $0)) }, "lengths \(messages.map(\.count))")
    }
  }

  /// Messages of one length, as the regions of a file are.
  @Test(arguments: Array(0...40), atOnce) func equallyLongOnes(count: Int, atOnce: Int) {
    var generator = SeededGenerator(6)
    let length = [64, 640, 1000][count % 3]
    let bytes = generator.bytes(count * length)
    let ids = unsafe bytes.withUnsafeBytes { bytes in
      unsafe ChunkID.ids(
        of: (0..<count).map { unsafe UnsafeRawBufferPointer(rebasing: bytes[$0 * length..<($0 + 1) * length]) },
        atOnce: atOnce)
    }
    let alone = (0..<count).map { ChunkID(of: Array(bytes[$0 * length..<($0 + 1) * length])) }
    #expect(ids == alone)
  }

  /// A chunk lies anywhere in a buffer.
  @Test func theStartNeedNotBeAligned() {
    var generator = SeededGenerator(3)
    let bytes = generator.bytes(1000)
    for start in 0..<64 {
      let view = bytes.rawSpan.extracting(start..<start + 777)
      #expect(ChunkID(of: view) == ChunkID(of: Array(bytes[start..<start + 777])))
    }
  }

  @Test func digitsAndBytesGoThereAndBack() {
    var generator = SeededGenerator(4)
    for _ in 0..<200 {
      let id = ChunkID(of: generator.bytes(8))
      #expect(ChunkID(id.description) == id)
      #expect(ChunkID(bytes: id.bytes) == id)
      #expect(id.description == hexadecimal(id.bytes))
      #expect(parseHexadecimal(id.description) == id.bytes)
      #expect(id.short == String(id.description.prefix(8)))
    }
  }

  @Test func theOrderIsThatOfTheBytes() {
    var generator = SeededGenerator(5)
    for _ in 0..<500 {
      let a = generator.bytes(32)
      var b = a
      b[generator.int(0..<32)] = UInt8(generator.int(0..<256))
      let (x, y) = (ChunkID(bytes: a), ChunkID(bytes: b))
      #expect(x.map(\.bytes) == a)
      guard let x, let y else { continue }
      #expect((x < y) == a.lexicographicallyPrecedes(b))
      #expect((x == y) == (a == b))
    }
  }

  /// There is one way to write an id, so that a name is an id or is none.
  @Test func otherTextIsNoID() {
    let digits = ChunkID(of: []).description
    for text in ["", "e3", String(digits.dropLast()), digits + "0", digits.uppercased(), " " + digits.dropFirst()] {
      #expect(ChunkID(text) == nil, "\(text)")
    }
    #expect(ChunkID(String(digits.dropLast()) + "g") == nil)
    #expect(ChunkID(String(digits.dropLast(2)) + "é") == nil)
    #expect(ChunkID(bytes: [UInt8](repeating: 0, count: 31)) == nil)
    #expect(ChunkID(bytes: [UInt8](repeating: 0, count: 33)) == nil)
  }
}
