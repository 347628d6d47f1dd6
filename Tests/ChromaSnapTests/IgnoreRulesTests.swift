import ChromaSnap
import Testing

/// What git would say of the same patterns.
@Suite struct IgnoreRulesTests {
  private func excludes(_ patterns: [String], _ path: String, isFolder: Bool = false) -> Bool {
    IgnoreRules(patterns).excludes(path.split(separator: "/").map { Array($0.utf8) }, isFolder: isFolder)
  }

  @Test func namesMatchAtEveryLevel() {
    #expect(excludes(["*.log"], "a.log"))
    #expect(excludes(["*.log"], "x/y/a.log"))
    #expect(!excludes(["*.log"], "a.log.txt"))
    #expect(excludes(["cache"], "x/cache", isFolder: true))
  }

  @Test func aSlashAnchors() {
    #expect(excludes(["/a.log"], "a.log"))
    #expect(!excludes(["/a.log"], "x/a.log"))
    #expect(excludes(["x/*.log"], "x/a.log"))
    #expect(!excludes(["x/*.log"], "y/x/a.log"))
    #expect(!excludes(["x/*.log"], "x/y/a.log"))
  }

  @Test func doubleStarsCrossFolders() {
    #expect(excludes(["**/b"], "b") && excludes(["**/b"], "a/x/b"))
    #expect(excludes(["a/**/b"], "a/b") && excludes(["a/**/b"], "a/x/y/b"))
    #expect(excludes(["a/**"], "a/x/y") && !excludes(["a/**"], "a", isFolder: true))
  }

  @Test func aSlashAtTheEndMeansFolders() {
    #expect(excludes(["tmp/"], "x/tmp", isFolder: true))
    #expect(!excludes(["tmp/"], "x/tmp"))
  }

  @Test func theLastMatchDecides() {
    #expect(!excludes(["*.log", "!keep.log"], "keep.log"))
    #expect(excludes(["*.log", "!keep.log", "keep.*"], "keep.log"))
  }

  @Test func setsAndQuestionMarks() {
    #expect(excludes(["a[0-9]?"], "a5x") && !excludes(["a[0-9]?"], "ax5"))
    #expect(excludes(["a[!0-9]"], "ax") && !excludes(["a[!0-9]"], "a1"))
    #expect(excludes(["\\!a"], "!a") && excludes(["\\#a"], "#a"))
    #expect(!excludes(["# a comment"], "# a comment") && !excludes([""], "a"))
  }

  @Test func manyStarsTakeNoLongTime() {
    let name = String(repeating: "a", count: 200)
    #expect(!excludes([String(repeating: "a*", count: 40) + "b"], name))
  }

  @Test func coveringTakesWhatLiesBelow() {
    let rules = IgnoreRules(["x"])
    #expect(rules.covers(["x", "y", "z"].map { Array($0.utf8) }, isFolder: false))
    #expect(!rules.covers(["w", "y"].map { Array($0.utf8) }, isFolder: false))
  }
}
