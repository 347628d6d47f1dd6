import ChromaSnapCommands
import Testing

/// Lengths of time, parts and amounts as people write them. What is out of all bounds is refused where it is read: nothing
/// behind that has to expect it.
@Suite struct QuantityTests {
  @Test func durations() throws {
    for (text, seconds) in [
      ("0", 0), ("90", 90), ("90s", 90), ("0.5m", 30), ("2h", 7200), ("7d", 604_800), ("2w", 1_209_600),
      ("100d", 8_640_000), ("36500d", 3_153_600_000),
    ] as [(String, Double)] {
      #expect(Duration(argument: text)?.seconds == seconds, "\(text)")
    }
    for text in ["", "s", "-1", "5 parsecs", "nan", "inf", "infs", "1e300", "1e300w", "36600d", "9223372036854775807"] {
      #expect(Duration(argument: text) == nil, "\(text)")
    }
    #expect(Duration(bounding: Double(Int64.max)) == nil)
    #expect(Duration(bounding: -1) == nil)
  }

  @Test(arguments: ["0s", "60s", "2m", "36h", "0.5s", "5217w"])
  func durationsAreShownAsTheyAreWritten(text: String) throws {
    let duration = try #require(Duration(argument: text))
    #expect(duration.defaultValueDescription == text)
    #expect(Duration(argument: duration.defaultValueDescription)?.seconds == duration.seconds)
  }

  @Test func fractions() throws {
    for (text, value) in [("0", 0), ("0.05", 0.05), ("5%", 0.05), ("150%", 1.5), ("100000%", 1000)]
      as [(String, Double)]
    {
      #expect(Fraction(argument: text)?.value == value, "\(text)")
    }
    for text in ["", "%", "1", "5", "-1%", "nan", "nan%", "inf%", "1e30%", "1e300%"] {
      #expect(Fraction(argument: text) == nil, "\(text)")
    }
    #expect(Fraction(argument: "0.05")?.defaultValueDescription == "5%")
    #expect(Fraction(argument: "100000%")?.defaultValueDescription == "100000%")
  }

  @Test func amounts() {
    for (text, bytes) in [
      ("0", 0), ("1000", 1000), ("500M", 500 << 20), ("20GiB", 20 << 30), ("1.5t", 3 << 39), ("10kb", 10 << 10),
    ] as [(String, UInt64)] {
      #expect(ByteCount(argument: text)?.bytes == bytes, "\(text)")
    }
    for text in ["", "G", "-1", "5 G", "nan", "inf", "1e30", "8192P"] {
      #expect(ByteCount(argument: text) == nil, "\(text)")
    }
  }
}
