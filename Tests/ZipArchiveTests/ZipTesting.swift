import Foundation
import SeededNumbers
import Synchronization
import SystemIO
import SystemPackage
import Testing
import ZipArchive

/// Takes an archive into memory.
final class MemorySink: ByteSink {
  private let bytes = Mutex<[UInt8]>([])

  func write(_ more: UnsafeRawBufferPointer) throws(SystemError) {
    bytes.withLock { unsafe $0.append(contentsOf: more) }
  }

  var all: [UInt8] { bytes.withLock { $0 } }
}

/// Contents of the kinds that a Chroma directory has.
enum Sample: CaseIterable {
  case text, vectors, random, zeros

  func bytes(_ count: Int, _ numbers: inout SeededGenerator) -> [UInt8] {
    switch self {
    case .text:
      let words = ["collection", "embedding", "the", "of", "metadata", "\n", "vector", "document", "0.25", "id"]
      var bytes: [UInt8] = []
      while bytes.count < count { bytes += words.randomElement(using: &numbers)!.utf8 + [32] }
      return Array(bytes.prefix(count))
    case .vectors:
      var bytes: [UInt8] = []
      bytes.reserveCapacity(count + 3)
      while bytes.count < count {
        let value = Float.random(in: -0.1...0.1, using: &numbers).bitPattern
        for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
      }
      return Array(bytes.prefix(count))
    case .random: return (0..<count).map { _ in UInt8.random(in: 0...255, using: &numbers) }
    case .zeros: return [UInt8](repeating: 0, count: count)
    }
  }
}

/// An entry with its content.
struct Member: Sendable {
  var entry: ZipEntry
  var bytes: [UInt8]

  init(_ name: String, _ bytes: [UInt8] = [], kind: ZipEntry.Kind = .file, permissions: UInt32 = 0o644) {
    self.init(Array(name.utf8), bytes, kind: kind, permissions: permissions)
  }

  init(_ name: [UInt8], _ bytes: [UInt8] = [], kind: ZipEntry.Kind = .file, permissions: UInt32 = 0o644) {
    entry = ZipEntry(
      name: name, kind: kind, permissions: permissions, modified: Timestamp(seconds: 1_700_000_001 + Int64(bytes.count))
    )
    self.bytes = bytes
  }
}

/// The archive of some members.
func archive(_ members: [Member], level: Int = 6, workers: Int = 2) throws -> [UInt8] {
  let sink = MemorySink()
  var writer = ZipWriter(to: sink, level: level, workers: workers)
  for member in members { try writer.add(member.entry, content: ZipBytes(member.bytes)) }
  let summary = try writer.finish()
  #expect(summary.entries == members.count && summary.bytes == UInt64(sink.all.count))
  return sink.all
}

/// What an archive holds, unpacked through a small buffer.
func members(
  of bytes: [UInt8], limits: ZipLimits = ZipLimits(), pieceBytes: Int = 10_007
) throws(ZipError) -> [Member] {
  let reader = try ZipReader(ZipBytes(bytes), limits: limits)
  var extractor = ZipExtractor(reader)
  var buffer = ByteBuffer(capacity: pieceBytes)
  var members: [Member] = []
  for record in reader.records {
    var member = Member("")
    member.entry = record.entry
    try extractor.extract(record, through: &buffer) { piece throws(ZipError) in
      unsafe piece.withUnsafeBytes { unsafe member.bytes.append(contentsOf: $0) }
    }
    members.append(member)
  }
  return members
}

func expectEqual(_ a: [Member], _ b: [Member], sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(a.map(\.entry) == b.map(\.entry), sourceLocation: sourceLocation)
  for (x, y) in zip(a, b) {
    #expect(x.bytes == y.bytes, "\(x.entry.nameText)", sourceLocation: sourceLocation)
  }
}

/// A folder that is removed with its owner.
final class ScratchFolder: Sendable {
  let path: FilePath

  init() throws {
    let name = "zip-tests-\(UInt64.random(in: 0 ... .max))"
    path = FilePath(FileManager.default.temporaryDirectory.path).appending(name)
    _ = try FileSystem.makeFolders(path)
  }

  deinit { try? FileSystem.removeTree(path) }

  func write(_ bytes: [UInt8], to name: String) throws -> FilePath {
    let file = path.appending(name)
    try Descriptor(opening: file, .write, [.create, .truncate], permissions: 0o644).write(bytes)
    return file
  }
}

/// Another program that reads or writes ZIP. `Tests/run` installs them: none may be missing.
struct Program {
  /// Runs it and gives what it printed; records an issue where it fails.
  @discardableResult
  static func run(
    _ arguments: [String], in folder: FilePath, input: [UInt8] = [], sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder.string)
    process.environment = ProcessInfo.processInfo.environment.merging(["LC_ALL": "C.UTF-8", "TZ": "UTC"]) { $1 }
    let place = FilePath(FileManager.default.temporaryDirectory.path).appending(
      "zip-io-\(UInt64.random(in: 0 ... .max))")
    defer {
      try? FileSystem.removeFile(place)
      try? FileSystem.removeFile(FilePath(place.string + ".in"))
    }
    try Data(input).write(to: URL(fileURLWithPath: place.string + ".in"))
    try Data().write(to: URL(fileURLWithPath: place.string))
    let output = try FileHandle(forWritingTo: URL(fileURLWithPath: place.string))
    process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: place.string + ".in"))
    process.standardOutput = output
    process.standardError = output
    try process.run()
    process.waitUntilExit()
    let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: place.string)), as: UTF8.self)
    #expect(
      process.terminationStatus == 0,
      "\(arguments.joined(separator: " ")): \(text) (127: it is not installed; Tests/run installs it)",
      sourceLocation: sourceLocation)
    return text
  }
}

/// A file, opened for as long as a piece of it is read, so that thousands can wait in line.
struct ZipFile: ZipContent {
  let path: FilePath
  let length: UInt64

  /// - Parameter length: The file's size in bytes; it is an error where the file turns out shorter.
  init(_ path: FilePath, length: UInt64) {
    self.path = path
    self.length = length
  }

  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws {
    let file = try Descriptor(opening: path)
    guard unsafe try file.read(at: offset, into: buffer) == buffer.count else {
      throw ZipError(.contentChanged, "\(path) became shorter while it was read")
    }
  }
}
