import Foundation

/// (c) 100,000 small files of text.
enum SmallFiles: Workload {
  static let name = "files"

  static func run(_ settings: Settings) throws -> Report.Section {
    let count = max(1000, Int(100_000 * settings.size))
    let folder = "\(settings.work)/files"
    try settings.retire(folder)
    defer { try? settings.retire(folder) }
    var comparison = Comparison(settings.tools { $0.snapshot != nil })
    comparison.steps = [
      ("first", "first snapshot"), ("unchanged", "nothing changed"), ("change", "1,000 files changed"),
      ("restore", "restore"),
    ]
    var maker = FileMaker(folder: folder, count: count)
    say("making \(count) small files")
    try maker.make()
    for round in 0...settings.rounds {
      say("files: round \(round) of \(settings.rounds)\(round == 0 ? " (warms up, and does not count)" : "")")
      for tool in comparison.tools { try tool.startAnew(settings) }
      Folders.heat(folder)
      for (archive, step) in [(1, "first"), (2, "unchanged"), (3, "change")] where round > 0 || archive == 1 {
        if step == "change" { try maker.change(max(1, count / 100)) }
        if step != "unchanged" { Folders.settle() }
        for tool in comparison.turn(of: round) where tool.isIncremental || archive == 1 {
          let before = tool.stored
          sync()
          let usage = try tool.run(tool.snapshot!(archive), in: folder)
          if round > 0 { comparison.add(step, tool, round: round, usage, stored: tool.stored - before) }
        }
      }
      for tool in comparison.turn(of: round) {
        let target = "\(settings.work)/restored"
        guard let command = tool.restore?(tool.isIncremental && round > 0 ? 3 : 1, 0, target) else { continue }
        defer { try? settings.retire(target) }
        sync()
        let usage = try tool.run(command, in: settings.work)
        if round > 0 {
          comparison.add("restore", tool, round: round, usage)
        } else {
          try Folders.compare(folder, target, log: tool.log)
        }
      }
      for tool in comparison.tools { try settings.discard(tool) }
    }
    var section = Report.Section(name, "\(count) small files")
    section.remarks = [
      "\(maker.bytes / 1_000_000) MB of made text in files of 100 bytes to 8 KiB, 200 to a folder; medians of "
        + "\(settings.rounds) rounds."
    ]
    section.tables = [comparison.table(storing: ["first", "change"])]
    section.figures = comparison.figures
    return section
  }
}

/// Writes files of made words, and changes some: the same each time.
private struct FileMaker {
  let folder: String
  let count: Int
  private(set) var bytes = 0
  private var random = SplitMix(seed: 4)
  private var words: [[UInt8]] = []
  private var changes = 0

  init(folder: String, count: Int) {
    self.folder = folder
    self.count = count
    words = (0..<4000).map { _ in
      (0..<Int.random(in: 2...11, using: &random)).map { _ in UInt8.random(in: 0x61...0x7a, using: &random) } + [0x20]
    }
  }

  private func path(_ number: Int) -> String { "\(folder)/\(number / 200)/\(number).txt" }

  mutating func make() throws {
    for number in 0..<count {
      if number % 200 == 0 { try Folders.make("\(folder)/\(number / 200)") }
      let length = Int.random(in: 100...4000, using: &random) * (number % 10 == 0 ? 2 : 1)
      var text: [UInt8] = []
      while text.count < length {
        // Few words are frequent, as in any text.
        let pick = min(Int.random(in: 0..<4000, using: &random), Int.random(in: 0..<4000, using: &random))
        text += words[pick]
      }
      try Data(text).write(to: URL(fileURLWithPath: path(number)))
      bytes += text.count
    }
  }

  /// Appends a line to some files, other ones each time.
  mutating func change(_ some: Int) throws {
    changes += 1
    for i in 0..<some {
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path((i * count / some + 7 * changes) % count)))
      try handle.seekToEnd()
      try handle.write(contentsOf: Data("\nedit \(changes)\n".utf8))
      try handle.close()
    }
  }
}

/// Random numbers from a seed (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
