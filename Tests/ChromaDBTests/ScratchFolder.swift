import ChromaDB
import Foundation
import SystemIO
import SystemPackage
import Testing

/// A folder of a test's own, removed with it.
final class ScratchFolder: Sendable {
  let path: FilePath

  init() throws {
    let name = "chroma-tests-\(UInt64.random(in: 0 ... .max))"
    path = FilePath(NSTemporaryDirectory()).appending(name)
    try FileSystem.makeFolder(path)
  }

  deinit { try? FileSystem.removeTree(path) }

  /// Unpacks the directory that a version of Chroma has written; see `Fixtures/make_fixture.py`.
  func unpack(_ version: String) throws -> FilePath {
    let archive = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Fixtures/chroma-\(version).tar.gz")
    let tar = Process()
    tar.executableURL = URL(filePath: "/usr/bin/env")
    tar.arguments = ["tar", "-xzf", archive.path, "-C", path.string, "--no-same-owner"]
    try tar.run()
    tar.waitUntilExit()
    try #require(tar.terminationStatus == 0)
    return path.appending("chroma-\(version)")
  }
}

/// A file's bytes.
func content(of path: FilePath) throws -> [UInt8] { try Descriptor(opening: path).readAll(limit: 1 << 30) }

/// Replaces a file's bytes.
func replace(_ path: FilePath, with bytes: [UInt8]) throws {
  try Descriptor(opening: path, .write, [.create, .truncate]).write(bytes)
}

/// Overwrites bytes in place.
func overwrite(_ path: FilePath, at offset: Int, with bytes: [UInt8]) throws {
  var all = try content(of: path)
  all.replaceSubrange(offset..<offset + bytes.count, with: bytes)
  try replace(path, with: all)
}

/// The versions of Chroma whose directories are among the fixtures.
let fixtureVersions = ["0.4.24", "0.6.3", "1.5.9"]

/// The only folder of a fixture whose index has been persisted.
func persistedFolder(of directory: FilePath) throws -> FilePath {
  let folder = try #require(ChromaDirectory.folders(in: directory).first { $0.isPersisted })
  return directory.appending(folder.name)
}
