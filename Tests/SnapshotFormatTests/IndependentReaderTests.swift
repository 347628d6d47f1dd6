import Foundation
import SeededNumbers
import Testing

enum IndependentReader {
  static let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Reader/read_snapshot.py").path()

  /// Without Python 3.9 and libzstd there is nothing to test with.
  static let canRun = (try? run(["-c", "import sys; sys.exit(sys.version_info < (3, 9))"]).status) == 0

  static func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-B"] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }
}

/// `Tests/Reader/read_snapshot.py` knows the format's page and nothing of this code: what it reads proves the page.
@Suite("The independent reader", .enabled(if: IndependentReader.canRun))
struct IndependentReaderTests {
  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "chromasnap-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  @Test func restoresTheGoldenSnapshot() throws {
    try withFolder { folder in
      let target = folder.appending(path: "out")
      let (status, output) = try IndependentReader.run(
        [IndependentReader.script, GoldenRepository.folder.path(), "latest", target.path()])
      #expect(status == 0, "\(output)")
      for (name, bytes) in GoldenRepository().files {
        let found = try? Data(contentsOf: target.appending(path: name))
        #expect(found.map { [UInt8]($0) } == bytes, "\(name)")
      }
      let manager = FileManager.default
      func attributes(_ name: String) throws -> [FileAttributeKey: Any] {
        try manager.attributesOfItem(atPath: target.appending(path: name).path())
      }
      #expect(
        try manager.destinationOfSymbolicLink(atPath: target.appending(path: "symbolic").path()) == "folder/../raw")
      #expect(try attributes("attributes")[.posixPermissions] as? Int == 0o4750)
      // A date holds about a microsecond at most.
      let modified = try #require(try attributes("raw")[.modificationDate] as? Date)
      #expect(abs(modified.timeIntervalSince1970 - 1_700_000_000.987_654_321) < 1e-6)
      #expect(
        try attributes("link-a")[.systemFileNumber] as? Int == attributes("link-b")[.systemFileNumber] as? Int)
    }
  }

  @Test func findsDamage() throws {
    let (status, output) = try IndependentReader.run([
      IndependentReader.script, "--check", GoldenRepository.folder.path(),
    ])
    #expect(status == 0, "\(output)")
    var generator = SeededGenerator(95)
    let objects = try GoldenRepository.stored()
    let names = objects.keys.filter { !$0.hasPrefix("condemned/") }.sorted()
    for _ in 0..<12 {
      try withFolder { folder in
        let copy = folder.appending(path: "copy")
        try FileManager.default.copyItem(at: GoldenRepository.folder, to: copy)
        let name = names[generator.int(0..<names.count)]
        var bytes = objects[name] ?? []
        let at = generator.int(0..<bytes.count)
        bytes[at] ^= 1 << UInt8(generator.int(0..<8))
        try Data(bytes).write(to: copy.appending(path: name))
        let (status, output) = try IndependentReader.run([IndependentReader.script, "--check", copy.path()])
        #expect(status == 1, "byte \(at) of \(name): \(output)")
        #expect(!output.contains("Traceback"), "\(output)")
      }
    }
  }
}
