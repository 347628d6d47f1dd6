import ArgumentParser
import CMeasurement
import Foundation

/// What cannot be undercut: the bytes that differ between two states of a folder, compressed.
struct Floor: Codable {
  /// Bytes of the 512-byte blocks that differ.
  var dirty: Int
  /// What zstd -3 makes of them with the old ones as prefix.
  var compressed: Int

  static let regionBytes = 1 << 20
  static let blockBytes = 512

  /// In a process of its own: the memory of this one counts as the peak of what it starts.
  static func measure(_ old: String, _ new: String, by settings: Settings) throws -> Floor {
    let command = Command([settings.ownProgram, "floor", old, new], in: settings.work)
    return try JSONDecoder().decode(
      Floor.self, from: Data(try command.output(log: "\(settings.work)/log-floor").utf8))
  }

  init(_ old: String, _ new: String) {
    var result = dirty_blocks()
    for file in Folders.files(new) {
      let before = (try? Data(contentsOf: URL(fileURLWithPath: old + file.path.dropFirst(new.count)))) ?? Data()
      guard let after = try? Data(contentsOf: URL(fileURLWithPath: file.path)), after != before else { continue }
      before.withUnsafeBytes { old in
        after.withUnsafeBytes { new in
          add_dirty_blocks(
            old.bindMemory(to: UInt8.self).baseAddress, old.count, new.bindMemory(to: UInt8.self).baseAddress,
            new.count, Self.regionBytes, Self.blockBytes, 3, &result)
        }
      }
    }
    dirty = Int(result.dirty)
    compressed = Int(result.compressed)
  }
}

struct FloorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "floor", abstract: "Print what differs between two states of a folder, in bytes, and compressed.")

  @Argument var old: String
  @Argument var new: String

  func run() throws {
    print(String(decoding: try JSONEncoder().encode(Floor(old, new)), as: UTF8.self))
  }
}
