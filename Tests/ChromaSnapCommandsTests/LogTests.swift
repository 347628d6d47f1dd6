import ChromaSnapCommands
import Dispatch
import Foundation
import Logging
import SystemIO
import SystemPackage
import Testing

@Suite struct LogTests {
  private let time = Timestamp(seconds: 1_795_507_200, nanoseconds: 1)

  private func line(_ message: String, _ metadata: Logger.Metadata = [:], _ level: Logger.Level = .info) -> LogLine {
    LogLine(time: time, level: level, message: message, metadata: metadata)
  }

  @Test func textSaysWhenWhoAndWhat() {
    let line = line("snapshot ok", ["name": "a b", "bytes": .stringConvertible(12), "empty": "", "id": "x1"], .warning)
    #expect(
      line.text(process: 7)
        == #"2026-11-24T08:00:00.000000001Z warning chromasnap[7]: snapshot ok bytes=12 empty="" id=x1 name="a b""#)
    #expect(line.journal == #"<4>snapshot ok bytes=12 empty="" id=x1 name="a b""#)
  }

  @Test func jsonIsAnObject() throws {
    let metadata: Logger.Metadata = [
      "exit_code": .stringConvertible(Int32(3)), "duration": .stringConvertible(0.25), "arguments": ["a", "b\n\"c\""],
      "more": ["x": "y"],
    ]
    let text = line("it said \"no\"\n", metadata, .error).json(process: 7)
    let value = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(value["time"] as? String == "2026-11-24T08:00:00.000000001Z" && value["level"] as? String == "error")
    #expect(value["process"] as? Int == 7 && value["exit_code"] as? Int == 3 && value["duration"] as? Double == 0.25)
    #expect(value["arguments"] as? [String] == ["a", "b\n\"c\""] && value["more"] as? [String: String] == ["x": "y"])
    #expect(value["message"] as? String == "it said \"no\"\n")
  }

  /// A file's name may hold anything; a log's reader goes line by line.
  @Test func noNameEndsALine() {
    let odd = "a\nb\r\u{1B}[2J\u{85}\u{2028}"
    for text in [line(odd, ["path": .string(odd)]).text(process: 1), line(odd).journal, line(odd).json(process: 1)] {
      #expect(!text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x1B })
    }
    #expect(line(odd).plain == #"a\u{a}b\u{d}\u{1b}[2J\u{85}\u{2028}"#)
  }

  @Test func priorities() {
    let levels: [(Logger.Level, Int)] = [
      (.debug, 7), (.info, 6), (.notice, 5), (.warning, 4), (.error, 3), (.critical, 2),
    ]
    for (level, number) in levels { #expect(line("x", [:], level).journal == "<\(number)>x") }
  }

  // MARK: The file

  private func inFolder(_ body: (FilePath) throws -> Void) throws {
    let folder = FilePath("/tmp/chromasnap-test-\(UInt64.random(in: 0 ... .max))")
    try FileSystem.makeFolders(folder)
    defer { try? FileSystem.removeTree(folder) }
    try body(folder)
  }

  private func lines(_ path: FilePath) throws -> [String] {
    String(decoding: try Descriptor(opening: path).readAll(limit: 1 << 30), as: UTF8.self).split(separator: "\n").map(
      String.init)
  }

  @Test func oldLogsMakeWay() throws {
    try inFolder { folder in
      var log = LogFile(folder.appending("deep").appending("log"))
      (log.limit, log.kept) = (100, 3)
      for i in 0..<12 { try log.append("\(i) " + String(repeating: "x", count: 45)) }
      let names = try DirectoryReader.names(in: log.path.removingLastComponent()).map {
        String(decoding: $0, as: UTF8.self)
      }
      #expect(names.sorted() == ["log", "log.1", "log.2", "log.3"])
      let kept = try ["log.3", "log.2", "log.1", "log"].flatMap {
        try lines(log.path.removingLastComponent().appending($0))
      }
      #expect(kept.map { Int($0.prefix { $0 != " " }) } == Array(4..<12))
      for name in names {
        #expect(try FileStatus(at: log.path.removingLastComponent().appending(name)).permissions == 0o600)
      }
    }
  }

  @Test func nothingIsTornOrLostWhereManyWriteAtOnce() throws {
    try inFolder { folder in
      var log = LogFile(folder.appending("log"))
      // Every line is kept: none is where it should not be, and none is missing.
      (log.limit, log.kept) = (20_000, 1000)
      let file = log
      DispatchQueue.concurrentPerform(iterations: 8) { worker in
        for i in 0..<250 { try? file.append("\(worker) \(i) " + String(repeating: "y", count: 200)) }
      }
      var seen: Set<String> = []
      for name in try DirectoryReader.names(in: folder) {
        for line in try lines(folder.appending(nameBytes: name)) {
          #expect(line.hasSuffix(String(repeating: "y", count: 200)))
          seen.insert(line)
        }
      }
      #expect(seen.count == 2000)
      #expect(try DirectoryReader.names(in: folder).count > 1)
    }
  }

  @Test func behindALinkTheFileMakesWay() throws {
    try inFolder { folder in
      var log = LogFile(folder.appending("link"))
      log.limit = 20
      try FileSystem.makeSymbolicLink(to: Array("real".utf8), at: log.path)
      for _ in 0..<2 { try log.append("fifteen letters") }
      #expect(try FileStatus(at: log.path, following: false).kind == .symbolicLink)
      #expect(FileStatus.exists(folder.appending("real.1")))
    }
  }

  @Test func whatCanNotBeWrittenIsAnError() throws {
    try inFolder { folder in
      #expect(throws: SystemError.self) { try LogFile(folder).append("x") }
    }
  }
}
