extension [UInt64] {
  /// The last of these ascending offsets that is at or before another; -1 where none is. O(log count).
  func lastIndex(notAfter offset: UInt64) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle] <= offset { low = middle + 1 } else { high = middle }
    }
    return low - 1
  }
}
