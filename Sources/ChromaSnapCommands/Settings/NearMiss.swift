/// The word that somebody probably meant.
enum NearMiss {
  /// The nearest of `words`, if one is near: a third of its letters wrong at most, and no fewer than two allowed.
  static func best(for word: String, among words: [String]) -> String? {
    let nearest = words.map { ($0, distance(word, $0)) }.min { $0.1 < $1.1 }
    guard let (found, steps) = nearest, steps <= max(2, found.count / 3), steps < found.count else { return nil }
    return found
  }

  /// Letters to insert, remove, replace, or exchange with their neighbours (optimal string alignment).
  static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var before: [Int] = []
    var last = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var steps = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { steps = min(steps, before[j - 1] + 1) }
        row.append(steps)
      }
      (before, last) = (last, row)
    }
    return last[b.count]
  }
}
