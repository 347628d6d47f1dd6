import TOML
import Testing

/// Documents that are TOML 1.0, and what is in them.
@Suite struct ValidTests {
  @Test(arguments: [
    ("", "{}"),
    ("# only a comment\r\n\t \n", "{}"),
    ("a = 1", "{a=1}"),
    ("a=1\r\nb = 2 # two", "{a=1,b=2}"),
    ("\"quoted key\" = 1\n'x.y' = 2\n\"\" = 3", "{quoted key=1,x.y=2,=3}"),
    ("a.b.c = 1\na . \"b\".d = 2", "{a={b={c=1,d=2}}}"),
    ("1234 = 1\n3.14 = 2\n-_ = 3", "{1234=1,3={14=2},-_=3}"),
    ("[a]\nx=1\n[a.b]\ny=2", "{a={x=1,b={y=2}}}"),
    ("[a.b]\ny=2\n[a]\nx=1", "{a={b={y=2},x=1}}"),
    ("[ a . 'b' ]\n[c]", "{a={b={}},c={}}"),
    (
      "[fruit]\napple.colour=1\napple.taste.sweet=true\n[fruit.apple.texture]\nsmooth=true",
      "{fruit={apple={colour=1,taste={sweet=true},texture={smooth=true}}}}"
    ),
    ("[[p]]\nn=1\n[[p]]\n[[p]]\nn=3", "{p=[{n=1},{},{n=3}]}"),
    (
      "[[f]]\nn=1\n[f.physical]\nc=2\n[[f.v]]\nn=3\n[[f.v]]\n[[f]]\n[[f.v]]\nn=4",
      "{f=[{n=1,physical={c=2},v=[{n=3},{}]},{v=[{n=4}]}]}"
    ),
    ("p = {x = 1, y.z = 2 , 'q' = {}}", "{p={x=1,y={z=2},q={}}}"),
    ("a = [1, 2,\n # comment\n 3, # more\n]", "{a=[1,2,3]}"),
    ("a = [[], [[1], 'x'], {b = [true]}]", "{a=[[],[[1],'x'],{b=[true]}]}"),
    ("a = [ ]", "{a=[]}"),
    ("\u{FEFF}a = 1", "{a=1}"),
  ])
  func structure(document: String, expected: String) throws {
    #expect(try shown(document) == expected)
  }

  @Test(arguments: [
    (#""""#, ""), (#"''"#, ""),
    (#""I'm \"quoted\". Name\tJos\u00E9\nLocation\tSF\U0001F600""#, "I'm \"quoted\". Name\tJosé\nLocation\tSF😀"),
    (#""\b\t\n\f\r\\""#, "\u{8}\t\n\u{C}\r\\"),
    (#"'C:\Users\nodejs \\ <\i\c*\s*>'"#, #"C:\Users\nodejs \\ <\i\c*\s*>"#),
    ("\"\"\"\nRoses are red\nViolets\"\"\"", "Roses are red\nViolets"),
    ("\"\"\"\r\nRoses\r\nViolets\"\"\"", "Roses\nViolets"),
    ("\"\"\"The quick brown \\\n\n   fox \\  \n\t jumps\"\"\"", "The quick brown fox jumps"),
    ("\"\"\"\\\n   \"\"\"", ""),
    (#""""a "quote", two "", an escaped \""".""""#, #"a "quote", two "", an escaped """."#),
    ("\"\"\"\"one\"\"\"\"", "\"one\""), ("\"\"\"two\"\"\"\"\"", "two\"\""),
    ("'''\nno \\escape\n  here'''", "no \\escape\n  here"),
    ("'''it''s '' fine'''''", "it''s '' fine''"),
    ("''''one''''", "'one'"),
    ("\"\u{7F9E}\u{5BC6}\"", "羞密"),
  ])
  func strings(literal: String, expected: String) throws {
    #expect(try value(literal) == .string(expected))
  }

  @Test(
    arguments: [
      ("+99", 99), ("42", 42), ("0", 0), ("-17", -17), ("+0", 0), ("-0", 0), ("1_000", 1000), ("5_349_221", 5_349_221),
      ("1_2_3_4_5", 12345), ("0xDEADBEEF", 0xDEAD_BEEF), ("0xdead_beef", 0xDEAD_BEEF), ("0o755", 0o755),
      ("0o0_1", 1), ("0b1101_0110", 0b1101_0110), ("9223372036854775807", Int64.max),
      ("-9223372036854775808", Int64.min), ("0x7fffffffffffffff", Int64.max),
    ] as [(String, Int64)])
  func integers(literal: String, expected: Int64) throws {
    #expect(try value(literal) == .integer(expected))
  }

  @Test(
    arguments: [
      ("+1.0", 1), ("3.1415", 3.1415), ("-0.01", -0.01), ("5e+22", 5e22), ("1e06", 1e6), ("-2E-2", -2e-2),
      ("6.626e-34", 6.626e-34), ("224_617.445_991_228", 224_617.445_991_228), ("0e0", 0), ("0.0", 0), ("1e1_0", 1e10),
      ("inf", .infinity), ("+inf", .infinity), ("-inf", -.infinity),
    ] as [(String, Double)])
  func floats(literal: String, expected: Double) throws {
    #expect(try value(literal) == .float(expected))
  }

  @Test(arguments: ["nan", "+nan", "-nan"])
  func notANumber(literal: String) throws {
    guard case .float(let number) = try value(literal) else {
      Issue.record("no float")
      return
    }
    #expect(number.isNaN)
  }

  @Test(arguments: [
    "1979-05-27T07:32:00Z", "1979-05-27t00:32:00.999999-07:00", "1979-05-27 07:32:00z", "1979-05-27T07:32:00",
    "1979-05-27 00:32:00.5", "2024-02-29", "2000-02-29", "07:32:00", "23:59:59.123456789", "1979-05-27T07:32:00+23:59",
  ])
  func times(literal: String) throws {
    #expect(try value(literal) == .dateTime(literal))
  }

  @Test func linesAreCounted() throws {
    let document = """
      # comment
      a = 1
      b = [
        1,
        { c = 2 },
      ]
      text = \"\"\"
      one
      two\"\"\" # ends
      long = '''

      '''
      [table]
      x.y = 1

      [[list]]
      [[list]]
      z = "end"
      """
    let table = try TOMLTable(parsing: Array(document.utf8))
    func line(_ path: String) -> Int? {
      var (table, line): (TOMLTable?, Int?) = (table, nil)
      for key in path.split(separator: ".") {
        guard let entry = table?.entries.first(where: { $0.key == key }) else { return nil }
        line = entry.line
        switch entry.value.content {
        case .table(let inner): table = inner
        case .array(let values):
          if case .table(let inner)? = values.last?.content { table = inner }
        default: table = nil
        }
      }
      return line
    }
    #expect(line("a") == 2)
    #expect(line("b") == 3)
    #expect(line("b.c") == 5)
    #expect(line("text") == 7)
    #expect(line("long") == 10)
    #expect(line("table") == 13)
    #expect(line("table.x.y") == 14)
    #expect(line("list.z") == 18)
    guard case .array(let values)? = table["list"]?.content else {
      Issue.record("no array")
      return
    }
    #expect(values.map(\.line) == [16, 17])
  }

  private func value(_ literal: String) throws -> TOMLValue.Content? {
    try TOMLTable(parsing: Array("x = \(literal)".utf8))["x"]?.content
  }
}

/// A document's contents in a form that tests compare.
func shown(_ document: String) throws -> String {
  try shown(TOMLTable(parsing: Array(document.utf8)))
}

private func shown(_ table: TOMLTable) -> String {
  "{" + table.entries.map { "\($0.key)=\(shown($0.value))" }.joined(separator: ",") + "}"
}

private func shown(_ value: TOMLValue) -> String {
  switch value.content {
  case .string(let text): "'\(text)'"
  case .integer(let number): "\(number)"
  case .float(let number): "\(number)"
  case .boolean(let flag): "\(flag)"
  case .dateTime(let text): text
  case .array(let values): "[" + values.map(shown).joined(separator: ",") + "]"
  case .table(let table): shown(table)
  }
}
