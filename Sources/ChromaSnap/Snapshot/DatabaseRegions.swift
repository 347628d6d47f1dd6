package import SnapshotFormat
import Synchronization
import SystemIO

/// What has been read of a database that others write to, region by region: enough to tell what has changed since, and
/// to put its content together from several readings.
///
/// Each region is as the last reading that noted it found it. Any thread may note what it reads; nobody reads a region
/// twice at once.
package final class DatabaseRegions: Sendable {
  struct Region: Sendable {
    /// Of the bytes that were read last; `nil` where nobody has read them.
    var fingerprint: Fingerprint?
    /// Of the same bytes, where they were read for the first time, or are stored.
    var lasting: LastingFingerprint?
    /// Of each block of them; empty in a database that is too long for it.
    var blocks: [Fingerprint] = []
    var length = 0
    /// The chunk that holds these bytes, once they are stored.
    var chunk: ChunkID?
  }

  private struct State {
    var regions: [Region] = []
    /// Of the first page (``SQLitePage``).
    var pageFingerprint: UInt64 = 0
  }

  let regionBytes: Int
  /// A database of more bytes than this (its blocks' fingerprints take 64 MiB then) has no fingerprints of blocks.
  private static let blocksBytesMaximum = 16 << 30
  private let key: LastingFingerprint.Key
  private let state = Mutex(State())

  package init(regionBytes: Int, _ key: LastingFingerprint.Key) {
    self.regionBytes = regionBytes
    self.key = key
  }

  var pageFingerprint: UInt64 { state.withLock { $0.pageFingerprint } }

  /// Whether a region's bytes, as they were read last and stored, are the ones in `bytes`, from `offset` in it on: whole
  /// blocks, or all up to its end.
  /// - Parameter chunk: As which they must be stored; `nil`: as any.
  func proves(_ bytes: RawSpan, at offset: Int, in number: Int, of chunk: ChunkID? = nil) -> Bool {
    let region = region(number)
    guard let stored = region.chunk, stored == chunk ?? stored, offset % Fingerprint.blockBytes == 0,
      !region.blocks.isEmpty
    else { return false }
    var at = 0
    while at < bytes.byteCount {
      let length = min(Fingerprint.blockBytes, region.length - offset - at)
      guard length > 0, at + length <= bytes.byteCount,
        key.first.fingerprint(ofBlock: bytes.extracting(at..<at + length))
          == region.blocks[(offset + at) / Fingerprint.blockBytes]
      else { return false }
      at += length
    }
    return true
  }

  /// Bytes of all of them.
  var bytes: UInt64 { state.withLock { $0.regions.reduce(0) { $0 + UInt64($1.length) } } }

  /// All regions, in order.
  var all: [Region] { state.withLock { $0.regions } }

  func region(_ number: Int) -> Region { state.withLock { number < $0.regions.count ? $0.regions[number] : Region() } }

  /// The database has this many bytes now.
  /// - Returns: How many regions that is.
  @discardableResult
  func resize(to bytes: UInt64) -> Int {
    let count = Int((bytes + UInt64(regionBytes) - 1) / UInt64(regionBytes))
    state.withLock { state in
      if state.regions.count > count { state.regions.removeLast(state.regions.count - count) }
      while state.regions.count < count { state.regions.append(Region()) }
    }
    return count
  }

  /// Notes bytes that were read first, as far as they are whole regions, or the file's last one.
  package func note(_ bytes: RawSpan, from offset: UInt64, isAtEnd: Bool) {
    let (first, rest) = Int(offset).quotientAndRemainder(dividingBy: regionBytes)
    guard rest == 0 else { return }
    var start = 0
    while start < bytes.byteCount {
      let length = min(regionBytes, bytes.byteCount - start)
      if length == regionBytes || isAtEnd {
        noteFirst(bytes.extracting(start..<start + length), of: first + start / regionBytes)
      }
      start += length
    }
  }

  private func noteFirst(_ bytes: RawSpan, of number: Int) {
    let (lasting, blocks) = isLong(number) ? (key.fingerprint(of: bytes), []) : key.fingerprints(of: bytes)
    _ = note(
      Region(fingerprint: lasting.first, lasting: lasting, blocks: blocks, length: bytes.byteCount), bytes, of: number)
  }

  /// Notes the bytes of one region, which may have been read before.
  /// - Returns: Whether they are known to be as they were.
  package func note(_ bytes: RawSpan, of number: Int) -> Bool {
    let (fingerprint, blocks) =
      isLong(number) ? (key.first.fingerprint(of: bytes), []) : key.first.fingerprints(of: bytes)
    return note(Region(fingerprint: fingerprint, blocks: blocks, length: bytes.byteCount), bytes, of: number)
  }

  private func isLong(_ number: Int) -> Bool { number >= Self.blocksBytesMaximum / regionBytes }

  private func note(_ region: Region, _ bytes: RawSpan, of number: Int) -> Bool {
    let page = number == 0 ? SQLitePage.fingerprint(bytes.extracting(first: SQLitePage.bytes)) : 0
    return state.withLock { state in
      while state.regions.count <= number { state.regions.append(Region()) }
      if number == 0 { state.pageFingerprint = page }
      let known = state.regions[number]
      if known.fingerprint == region.fingerprint, known.length == region.length, known.chunk != nil { return true }
      state.regions[number] = region
      return false
    }
  }

  /// The fingerprint of the bytes from `offset` on, where they are a region as it was read last.
  package func fingerprint(at offset: UInt64, length: Int) -> LastingFingerprint? {
    let (number, rest) = Int(offset).quotientAndRemainder(dividingBy: regionBytes)
    let region = region(number)
    return rest == 0 && region.length == length ? region.lasting : nil
  }

  /// Notes as which chunk a region's bytes, as they were read last, are stored, and their fingerprint.
  func note(_ chunk: ChunkID, _ fingerprint: LastingFingerprint, of number: Int) {
    state.withLock { state in
      state.regions[number].chunk = chunk
      state.regions[number].lasting = fingerprint
    }
  }

  /// Notes as which chunks what was read from `offset` on is stored. What is not cut at regions can't be told.
  package func note(_ chunks: [ChunkList.Child], from offset: UInt64) {
    var at = offset
    state.withLock { state in
      for chunk in chunks {
        let (number, rest) = Int(at).quotientAndRemainder(dividingBy: regionBytes)
        if rest == 0, number < state.regions.count, state.regions[number].length == Int(chunk.length) {
          state.regions[number].chunk = chunk.id
        }
        at += chunk.length
      }
    }
  }
}
