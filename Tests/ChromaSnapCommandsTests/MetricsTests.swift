import ChromaSnapCommands
import SystemIO
import SystemPackage
import Testing

@Suite struct MetricsTests {
  private static let descriptions = [("one_seconds", "The one."), ("two_bytes", "The two.")]

  private func metrics(_ change: (inout MetricsText) -> Void) -> MetricsText {
    var metrics = MetricsText(Self.descriptions.map { ($0.0, $0.1) })
    change(&metrics)
    return metrics
  }

  @Test func metricsAreGroupedAndDescribed() {
    let text = metrics {
      $0["two_bytes", ["b": "2", "a": "1"]] = 1e12
      $0["one_seconds", [:]] = 0.25
      $0["two_bytes", ["a": "0"]] = 3
    }.text
    #expect(
      text == """
        # HELP one_seconds The one.
        # TYPE one_seconds gauge
        one_seconds 0.25
        # HELP two_bytes The two.
        # TYPE two_bytes gauge
        two_bytes{a="0"} 3
        two_bytes{a="1",b="2"} 1000000000000

        """)
  }

  @Test(arguments: ["plain", "", #"a"b"#, #"back\slash"#, "line\nline", #"}{="x",y"#, "ü \u{1F40D}", #"\n"#])
  func anyLabelIsReadBack(value: String) {
    let written = metrics {
      $0["one_seconds", ["path": value, "other": "x"]] = 1.5
      $0["two_bytes", ["path": value]] = -7
    }
    var read = metrics { _ in }
    read.merge(written.text)
    #expect(read["one_seconds", ["path": value, "other": "x"]] == 1.5)
    #expect(read["two_bytes", ["path": value]] == -7)
    #expect(read.text == written.text)
  }

  @Test func aRunReplacesItsOwnAndLeavesTheRest() {
    var metrics = metrics {
      $0["one_seconds", ["source": "a"]] = 1
      $0["one_seconds", ["source": "b"]] = 1
    }
    let text = metrics.text
    metrics = self.metrics { $0.merge(text) }
    metrics["one_seconds", ["source": "b"]] = 2
    metrics["two_bytes", [:]] = nil
    #expect(metrics["one_seconds", ["source": "a"]] == 1 && metrics["one_seconds", ["source": "b"]] == 2)
  }

  @Test(arguments: [
    "nonsense", "one_seconds", "one_seconds{", #"one_seconds{a="b"#, #"one_seconds{a="b"} x"#, "other_metric 1",
    #"one_seconds{a=b} 1"#, "one_seconds{a=\"\\", "\u{0}\u{1}", #"one_seconds{a"b"} 1"#,
  ])
  func whatIsNotOursIsDropped(line: String) {
    var metrics = metrics { _ in }
    metrics.merge(line + "\none_seconds 4\n")
    #expect(metrics.text.split(separator: "\n").filter { !$0.hasPrefix("#") } == ["one_seconds 4"])
  }

  @Test func theFileIsReadableAndKeepsItsPermissions() throws {
    let folder = FilePath("/tmp/chromasnap-test-\(UInt64.random(in: 0 ... .max))")
    try FileSystem.makeFolders(folder)
    defer { try? FileSystem.removeTree(folder) }
    let file = MetricsFile(folder.appending("chromasnap.prom"))
    try file.update { $0["chromasnap_last_run_warnings", ["command": "a"]] = 1 }
    #expect(try FileStatus(at: file.path).permissions == 0o644)
    try FileSystem.setPermissions(0o640, at: file.path)
    try file.update { $0["chromasnap_last_run_warnings", ["command": "b"]] = 1 }
    #expect(try FileStatus(at: file.path).permissions == 0o640)
    #expect(try DirectoryReader.names(in: folder).count == 1)
    try file.update { metrics in
      #expect(metrics["chromasnap_last_run_warnings", ["command": "a"]] == 1)
      #expect(metrics["chromasnap_last_run_warnings", ["command": "b"]] == 1)
    }
  }
}
