import TOML
import Testing

/// What is not TOML 1.0 is refused, on the line where it is wrong.
@Suite struct InvalidTests {
  @Test(arguments: [
    // Keys and lines.
    ("a", 1), ("a =", 1), ("= 1", 1), ("a = 1 b = 2", 1), ("\na = 1 x", 2), ("a b = 1", 1), ("a. = 1", 1),
    (".a = 1", 1),
    ("a..b = 1", 1), ("a = 1\na = 2", 2), ("a = 1\n\"a\" = 2", 2), ("a.b = 1\na.b = 2", 2), ("a = 1\na.b = 2", 2),
    ("ä = 1", 1), ("\"\"\"a\"\"\" = 1", 1), ("a\n= 1", 1), ("a = \n1", 1), ("a = 1\u{B}", 1), ("\u{0}", 1),
    ("# bell \u{7}", 1), ("a = 1\rb = 2", 1), ("a = 1 # c\rd", 1),
    // Tables.
    ("[a", 1), ("[]", 1), ("[a]]", 1), ("[[a]", 1), ("[a] b = 1", 1), ("[a]\n[a]", 2), ("[a.b]\n[a]\n[a]", 3),
    ("a = 1\n[a]", 2), ("a = 1\n[a.b]", 2), ("[a]\nb = 1\n[a.b]", 3), ("[[a]]\n[a]", 2), ("[a]\n[[a]]", 2),
    ("a = []\n[[a]]", 2), ("a = {}\n[a]", 2), ("a = {}\n[a.b]", 2), ("a = [{}]\n[a.b]", 2), ("a = {}\na.b = 1", 2),
    ("[f]\na.c = 1\n[f.a]", 3), ("[f]\na.t.s = 1\n[f.a.t]", 3), ("[a.b.c]\nz=9\n[a]\nb.c.t = 1", 4),
    ("[a.b.c.d]\nz=9\n[a]\nb.c.d.k.t = 1", 4), ("[[a.b]]\n[a]\nb.y = 2", 3), ("[ [a] ]", 1), ("[a.]", 1), ("[a..b]", 1),
    // Inline tables and arrays.
    ("a = {b = 1,}", 1), ("a = {b = 1\n}", 1), ("a = {,}", 1), ("a = {b = 1 c = 2}", 1), ("a = {b = 1, b = 2}", 1),
    ("a = {b = {c = 1}, b.d = 2}", 1), ("a = {b.c = 1, b = 2}", 1), ("a = {b = 1", 1), ("a = [1 2]", 1),
    ("a = [1", 1), ("a = [1,,2]", 1), ("a = [,]", 1), ("a = [\n1\n2]", 3),
    // Strings.
    ("a = \"x", 1), ("a = 'x", 1), ("a = \"x\ny\"", 1), ("a = 'x\ny'", 1), ("\na = \"\"\"x\n\n", 2), ("a = '''x\n", 1),
    (#"a = "\q""#, 1), (#"a = "\x41""#, 1), (#"a = "\u12""#, 1), (#"a = "\uD800""#, 1), (#"a = "\U00110000""#, 1),
    (#"a = "\u+123""#, 1), ("a = \"\u{1}\"", 1), ("a = '\u{7F}'", 1), ("a = \"\"\"x\u{0}\"\"\"", 1),
    ("a = \"\"\"x \\ y\"\"\"", 1), ("a = \"\"\"six\"\"\"\"\"\"", 1), ("a = '''''''''", 1), ("a = text", 1),
    ("a = \"\"\"\rx\"\"\"", 1),
    // Numbers.
    ("a = 01", 1), ("a = +01", 1), ("a = -01", 1), ("a = 1__0", 1), ("a = _1", 1), ("a = 1_", 1), ("a = 0x", 1),
    ("a = 0xG", 1), ("a = 0x_1", 1), ("a = +0x1", 1), ("a = 0X1", 1), ("a = 0o8", 1), ("a = 0b2", 1), ("a = .5", 1),
    ("a = 5.", 1), ("a = 5.e1", 1), ("a = 1e", 1), ("a = 1e+", 1), ("a = 1._5", 1), ("a = 1_.5", 1), ("a = 00.5", 1),
    ("a = 1.5.2", 1), ("a = ++1", 1), ("a = 9223372036854775808", 1), ("a = -9223372036854775809", 1),
    ("a = 0xffffffffffffffff", 1), ("a = Inf", 1), ("a = True", 1), ("a = NaN", 1), ("a = --nan", 1), ("a = 1e1.5", 1),
    // Dates and times.
    ("a = 2023-02-29", 1), ("a = 1900-02-29", 1), ("a = 2023-13-01", 1), ("a = 2023-00-01", 1), ("a = 2023-01-00", 1),
    ("a = 2023-1-01", 1), ("a = 24:00:00", 1), ("a = 23:60:00", 1), ("a = 23:59", 1), ("a = 23:59:61", 1),
    ("a = 2023-01-01T", 1), ("a = 2023-01-01T12:00", 1), ("a = 2023-01-01T12:00:00.", 1),
    ("a = 2023-01-01T12:00:00+1:00", 1), ("a = 2023-01-01T12:00:00+24:00", 1), ("a = 12:00:00Z", 1),
    ("a = 2023-01-01  12:00:00", 1), ("a = 2023-01-01Z", 1), ("a = 0000-01-01", 1),
  ])
  func refused(document: String, line: Int) throws {
    let error = #expect(throws: TOMLError.self) { try TOMLTable(parsing: Array(document.utf8)) }
    #expect(error?.line == line)
    #expect((error?.message.count ?? 0) > 10)
  }

  @Test func bytesThatAreNotText() {
    let error = #expect(throws: TOMLError.self) {
      try TOMLTable(parsing: Array("a = 1\nb = \"".utf8) + [0xC3, 0x28] + Array("\"\n".utf8))
    }
    #expect(error?.line == 2)
  }

  @Test func depthIsBounded() throws {
    func nested(_ count: Int) -> [UInt8] {
      Array(("a = " + String(repeating: "[", count: count) + String(repeating: "]", count: count)).utf8)
    }
    _ = try TOMLTable(parsing: nested(60))
    #expect(throws: TOMLError.self) { try TOMLTable(parsing: nested(100_000)) }
    #expect(throws: TOMLError.self) {
      try TOMLTable(parsing: Array(("a = " + String(repeating: "{b = ", count: 100_000)).utf8))
    }
  }
}
