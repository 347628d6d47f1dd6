import SnapshotFormat
package import SnapshotRepository
public import SystemIO
public import SystemPackage

/// Says which snapshot is meant: a keyword (`latest`, `latest~2`), an exact name, or the first digits of an id, in that
/// order.
public struct SnapshotSelector: Sendable {
  public var text: String
  /// Only snapshots of the source at this path.
  public var source: FilePath?
  /// Only snapshots whose data is no younger: `latest` is then the last one at or before that time.
  public var asOf: Timestamp?
  /// Whether keywords pass over what restores have stored before they replaced it: otherwise restoring twice in a row would
  /// take the first one back.
  public var passesOverSafety = false

  public init(_ text: String = "latest", source: FilePath? = nil, asOf: Timestamp? = nil) {
    self.text = text
    self.source = source
    self.asOf = asOf
  }

  /// Finds the snapshot.
  /// - Throws: `snapshot_not_found`, or `ambiguous` where several are meant; `damaged` where a keyword may mean one that can't be
  ///   read: an older one in its place would look like success.
  package func find(in repository: Repository) throws(SnapshotError) -> Snapshot {
    if let back = stepsBack {
      let found = try latest(back, in: repository)
      try repository.requireManifests(after: found, toTell: text)
      return found
    }
    let named = try repository.catalogue.snapshots(.named(text)).filter(matches)
    if let one = try only(named) { return one }
    if mayBeAnID,
      let one = try only(try repository.catalogue.snapshots(.withPrefix(text)).filter(matches))
    {
      return one
    }
    throw SnapshotError(
      .snapshotNotFound, "there is no snapshot \"\(text)\"\(restriction) in \(repository.name)",
      hint: "`chromasnap list` shows them. Name one by its name, the first digits of its id, or `latest`.")
  }

  /// Whether it could be the first digits of an id.
  var mayBeAnID: Bool {
    text.utf8.count >= 4 && text.utf8.count <= 64
      && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  /// Whether it counts back from the newest one, of whatever source, rather than naming one.
  public var isKeyword: Bool { stepsBack != nil }

  /// `latest` is 0, `latest~3` is 3.
  private var stepsBack: Int? {
    if text == "latest" { return 0 }
    guard text.hasPrefix("latest~") else { return nil }
    // More than any repository holds is no count.
    return Int32(text.dropFirst(7)).flatMap { $0 >= 0 ? Int($0) : nil }
  }

  private func matches(_ snapshot: Snapshot) -> Bool {
    if let source, !snapshot.manifest.source.isAt(source) { return false }
    if let asOf, snapshot.manifest.time > asOf { return false }
    if passesOverSafety, isKeyword, snapshot.manifest.tags.contains(RestoreSnapshot.safetyTag) { return false }
    return true
  }

  private func only(_ snapshots: [Snapshot]) throws(SnapshotError) -> Snapshot? {
    guard snapshots.count > 1 else { return snapshots.first }
    let ids = snapshots.prefix(5).map(\.id.short).joined(separator: ", ")
    throw SnapshotError(
      .ambiguous, "\"\(text)\" means \(snapshots.count) snapshots: \(ids)", hint: "Give more digits of the id.")
  }

  /// The newest source's snapshots count back by their sequence: no clock can confuse them. With a time to look back from
  /// it is the data's time that counts: an imported backup is as old as what it holds.
  private func latest(_ back: Int, in repository: Repository) throws(SnapshotError) -> Snapshot {
    let candidates: [Snapshot]
    if source == nil, asOf == nil, !passesOverSafety,
      let newest = try repository.catalogue.snapshots(newest: 1, order: .byCommit).first,
      newest.manifest.imported == nil
    {
      candidates = try repository.catalogue.snapshots(.ofSource(newest.manifest.source.id), newest: back + 1)
    } else {
      var all = try repository.catalogue.snapshots().filter(matches)
      if asOf != nil {
        // Stable, so that of equal times the order of sequences stays.
        all = all.enumerated().sorted { ($0.element.manifest.time, $0.offset) < ($1.element.manifest.time, $1.offset) }
          .map(\.element)
      }
      let newest = asOf != nil ? all.last : Self.newest(of: all)
      candidates = all.filter { $0.manifest.source.id == newest?.manifest.source.id }
    }
    guard back >= candidates.count else { return candidates[candidates.count - 1 - back] }
    guard let newest = candidates.last else {
      try repository.requireManifests(after: nil, toTell: text)
      throw SnapshotError(
        .snapshotNotFound, "there is no snapshot\(restriction) in \(repository.name)",
        hint: "`chromasnap snapshot` makes one.")
    }
    // It is one source that is counted back in, whether it was named or not.
    var counted = self
    counted.source = source ?? newest.manifest.source.location
    let those = candidates.count == 1 ? "is only 1 snapshot" : "are only \(candidates.count) snapshots"
    throw SnapshotError(.snapshotNotFound, "there \(those)\(counted.restriction) in \(repository.name)")
  }

  /// The one that was committed last. Bringing in old backups makes no source the newest, unless there is no other.
  private static func newest(of snapshots: [Snapshot]) -> Snapshot? {
    let taken = snapshots.filter { $0.manifest.imported == nil }
    return (taken.isEmpty ? snapshots : taken).max {
      ($0.manifest.commitTime, $0.id) < ($1.manifest.commitTime, $1.id)
    }
  }

  /// By what the choice was narrowed.
  private var restriction: String {
    (source.map { " of \($0)" } ?? "") + (asOf.map { " from before \($0.rfc3339Seconds)" } ?? "")
      + (passesOverSafety && isKeyword ? ", not counting those of before a restore," : "")
  }
}

extension Manifest.Source {
  /// Whether a path names this source, by itself or when its symbolic links are followed.
  func isAt(_ path: FilePath) -> Bool {
    let resolved = (try? FileSystem.resolve(path)) ?? FileSystem.currentFolder.pushing(path).lexicallyNormalized()
    return hasPath(resolved)
  }
}
