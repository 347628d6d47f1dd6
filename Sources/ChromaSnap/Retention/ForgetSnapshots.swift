public import SnapshotFormat
public import SnapshotRepository
package import SystemIO
public import SystemPackage

/// Removes the manifests of the snapshots that a policy does not keep, or of some that are named. Their chunks stay until
/// a prune.
public struct ForgetSnapshots: Sendable {
  public var policy: KeepPolicy
  /// These are removed, of whatever source they are, and the policy is not asked, where there are any.
  public var named: [SnapshotSelector] = []
  /// Whether a named one goes even if it is the last good one of its source, or the last good one before a collapse.
  public var isForced = false
  /// The policy is applied to the snapshots of the source at this path only; otherwise to each source by itself.
  public var source: FilePath?
  /// Whether nothing is removed.
  public var isDryRun = false
  /// Whether a snapshot from the future does not stop it.
  public var trustsClock = false
  /// Snapshots whose collapse against the one before is intended.
  public var acknowledged: [SnapshotSelector] = []
  /// For tests: what the clock says.
  package var now: @Sendable () -> Timestamp = { .now }

  public init(_ policy: KeepPolicy) { self.policy = policy }

  public struct Result: Sendable {
    /// What becomes of each snapshot, source by source.
    public var sources: [(source: Manifest.Source, decisions: [KeepPolicy.Decision])] = []
    /// Those whose collapse is known to be intended from now on.
    public var acknowledged: [Snapshot] = []
    /// Damaged documents that were named by the ids in their names, and given up: manifests, notes, audit entries.
    public var givenUp: [String] = []
    /// The ZIPs beside forgotten snapshots that went with them.
    public var zipsRemoved: [FilePath] = []
    public var isDryRun: Bool

    public var forgotten: [Snapshot] { sources.flatMap { $0.decisions }.filter { !$0.isKept }.map(\.snapshot) }
    public var kept: [Snapshot] { sources.flatMap { $0.decisions }.filter(\.isKept).map(\.snapshot) }
  }

  /// - Throws: `usage` for a policy without a rule; `clock` where a source's newest snapshot is from the future;
  ///   `protected` for a named one that is pinned, or that is not to be lost.
  public func run(in location: RepositoryLocation) throws(SnapshotError) -> Result {
    guard !policy.isEmpty || !named.isEmpty || !acknowledged.isEmpty else {
      throw SnapshotError(
        .usage, "a policy without a rule would forget everything",
        hint: "Say what stays, such as --keep-last 10 or --keep-daily 7, or name the snapshots that go.")
    }
    // Two that decide at once would each count on what the other removes.
    let lock = isDryRun ? nil : try Repository.lockForgetting(at: location.place)
    defer { _ = lock }
    let repository = try location.open(for: .delete)
    var result = Result(isDryRun: isDryRun)
    let named = try giveUpDamaged(in: repository, &result)
    try repository.requireAllNotes(but: result.givenUp)
    for selector in acknowledged {
      let snapshot = try selector.find(in: repository)
      if !isDryRun { try repository.add(Note(kind: .acknowledged, time: now(), snapshot: snapshot.id, value: true)) }
      result.acknowledged.append(snapshot)
    }
    // A dry run decides as if they were noted.
    let accepted = Set(result.acknowledged.map(\.id))
    if !named.isEmpty {
      result.sources = try decide(named, in: repository, accepted)
    } else if self.named.isEmpty, !policy.isEmpty {
      for (source, candidates) in try candidates(of: source, in: repository, accepted) {
        try checkClock(candidates)
        result.sources.append((source, policy.decide(candidates)))
      }
    }
    if !isDryRun {
      for snapshot in result.forgotten {
        // Before its notes, which say what the ZIP is called.
        result.zipsRemoved += try SnapshotZip.remove(of: snapshot, in: repository, at: location)
      }
      try repository.forget(result.forgotten)
    }
    return result
  }

  /// Removes the damaged documents that are named: nobody else does.
  /// - Returns: The snapshots that are named.
  private func giveUpDamaged(
    in repository: Repository, _ result: inout Result
  ) throws(SnapshotError) -> [Snapshot] {
    var snapshots: [Snapshot] = []
    for selector in named {
      do throws(SnapshotError) { snapshots.append(try selector.find(in: repository)) } catch {
        guard error.code == .snapshotNotFound, selector.mayBeAnID,
          let object = try repository.damagedDocument(withPrefix: selector.text)
        else { throw error }
        result.givenUp.append(object)
      }
    }
    if !isDryRun { for object in result.givenUp { try repository.giveUp(object) } }
    return snapshots
  }

  /// What becomes of the sources of which snapshots are named.
  private func decide(
    _ named: [Snapshot], in repository: Repository, _ accepted: Set<ChunkID>
  ) throws(SnapshotError) -> [(source: Manifest.Source, decisions: [KeepPolicy.Decision])] {
    let ids = Set(named.map(\.id))
    var result: [(source: Manifest.Source, decisions: [KeepPolicy.Decision])] = []
    for (source, candidates) in try candidates(of: nil, in: repository, accepted)
    where candidates.contains(where: { ids.contains($0.snapshot.id) }) {
      let decisions = KeepPolicy.decide(forgetting: ids, of: candidates, isForced: isForced)
      if let kept = decisions.first(where: { $0.isKept && ids.contains($0.snapshot.id) }) {
        let (id, why) = (kept.snapshot.id.short, kept.reasons.joined(separator: ", "))
        let isPinned = kept.reasons.contains(KeepPolicy.pinned)
        throw SnapshotError(
          .protected, "snapshot \(id) stays (\(why)): nothing is forgotten",
          hint: isPinned ? "`chromasnap unpin \(id)` lets it go." : "--force lets it go.")
      }
      result.append((source, decisions))
    }
    return result
  }

  /// The snapshots of each source, or of one, in their order, with what the notes say.
  private func candidates(
    of path: FilePath?, in repository: Repository, _ accepted: Set<ChunkID>
  ) throws(SnapshotError) -> [(Manifest.Source, [KeepPolicy.Candidate])] {
    let pinned = try repository.pinned()
    let snapshots = try repository.catalogue.snapshots().filter { path.map($0.manifest.source.isAt) ?? true }
    let hurt = try HurtSnapshots(repository: repository).stillHurt(among: snapshots, withdrawing: !isDryRun)
    let verdicts = try repository.healthVerdicts()
    let drills = try repository.drillVerdicts()
    let lastRead = try repository.catalogue.notes(.check).filter { $0.note.value == true }.map(\.note.time).max()
    let known = try repository.catalogue.verdicts(.acknowledged)
    var order: [String] = []
    var bySource: [String: [KeepPolicy.Candidate]] = [:]
    for snapshot in snapshots {
      var candidate = KeepPolicy.Candidate(snapshot)
      candidate.isPinned = pinned.contains(snapshot.id)
      let (verdict, drill) = (verdicts[snapshot.id], drills[snapshot.id])
      candidate.isHurt = hurt.contains(snapshot.id)
      candidate.isGood = snapshot.manifest.complete && !candidate.isHurt && verdict != false && drill != false
      if verdict == true {
        candidate.proof = .healthy
      } else if drill == true || lastRead.map({ snapshot.manifest.commitTime < $0 }) == true {
        candidate.proof = .restorable
      }
      candidate.isAcknowledged = known[snapshot.id] != nil || accepted.contains(snapshot.id)
      if bySource[snapshot.manifest.source.id] == nil { order.append(snapshot.manifest.source.id) }
      bySource[snapshot.manifest.source.id, default: []].append(candidate)
    }
    return order.map { id in
      let candidates = bySource[id] ?? []
      return (candidates[candidates.count - 1].snapshot.manifest.source, candidates)
    }
  }

  /// A clock that was, or is, wrong makes ages meaningless: somebody must look first.
  private func checkClock(_ candidates: [KeepPolicy.Candidate]) throws(SnapshotError) {
    let limit = now().advanced(bySeconds: 60)
    guard !trustsClock, let future = candidates.last(where: { $0.snapshot.manifest.commitTime > limit }) else { return }
    throw SnapshotError(
      .clock,
      "snapshot \(future.snapshot.id.short) is from \(future.snapshot.manifest.commitTime.rfc3339Seconds), "
        + "which is in the future: nothing is forgotten",
      hint: "Set the clock right; if it is, say --trust-clock.")
  }
}
