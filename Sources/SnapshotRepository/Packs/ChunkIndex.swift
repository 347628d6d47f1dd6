package import SnapshotFormat
import Synchronization

/// Where a chunk is stored and everything that decoding it takes.
package struct ChunkChain: Sendable {
  /// The copy stored whole, then each patch in the order of application.
  package var links: [ChunkCopy]

  package var depth: UInt8 { links[links.count - 1].entry.depth }
  package var length: Int { Int(links[links.count - 1].entry.length) }
  package var packs: [ChunkID] { links.map(\.pack) }
}

/// Says which chunks are known, in the sense that counts: a copy's whole chain of bases is there and not known to be
/// damaged. Shared by all workers of a run.
package final class ChunkIndex: Sendable {
  private struct State {
    /// Copies that a check or a reader of another run found damaged, by the notes.
    var noted: Set<DamagedCopy>
    /// What readers of this run found damaged, whether a note says so or not.
    var found: Set<DamagedCopy> = []
    /// Packs that a prune means to delete: nothing new may rely on them.
    var condemned: Set<ChunkID> = []
    /// Chunks that a worker of this run has taken on and not yet finished a pack with.
    var pending: Set<ChunkID> = []
    /// Whether the catalogue knew no chunk when this run began: then this run knows of all that there are, and need not ask,
    /// which would make workers wait for packs being entered.
    var knowsAll = false
    /// All that it has stored and finished a pack with, while it knows of all.
    var stored: Set<ChunkID> = []
    /// Packs that this run relies on without having written them.
    var reliedOn: Set<ChunkID> = []
    /// Whether all that the parent snapshot holds is sure to be there.
    var isParentWhole = false

    /// From now on the catalogue is asked.
    mutating func askAgain() { (knowsAll, stored) = (false, []) }
  }

  package struct DamagedCopy: Hashable, Sendable {
    var pack: ChunkID
    /// `nil`: all of the pack.
    var chunk: ChunkID?

    fileprivate func isAmong(_ damaged: Set<DamagedCopy>) -> Bool {
      !damaged.isEmpty && (damaged.contains(self) || damaged.contains(DamagedCopy(pack: pack, chunk: nil)))
    }
  }

  /// More than these are not remembered: it would take more memory than the time is worth.
  private static let rememberedMaximum = 1 << 18

  private let catalogue: Catalogue
  private let state: Mutex<State>

  package init(_ repository: Repository) throws(SnapshotError) {
    catalogue = repository.catalogue
    var noted: Set<DamagedCopy> = []
    for stored in try repository.catalogue.notes(.damage) {
      guard let pack = stored.note.pack else { continue }
      if let chunks = stored.note.chunks {
        for chunk in chunks { noted.insert(DamagedCopy(pack: pack, chunk: chunk)) }
      } else {
        noted.insert(DamagedCopy(pack: pack, chunk: nil))
      }
    }
    state = Mutex(State(noted: noted, knowsAll: try catalogue.hasNoChunks()))
  }

  // MARK: Resolving

  /// The best chain of each chunk, or `nil` where no copy can be decoded. O(ids · depth · log chunks).
  package func chains(of ids: [ChunkID]) throws(SnapshotError) -> [ChunkChain?] {
    try chains(of: ids, avoiding: [])
  }

  /// The same through no condemned pack.
  package func lastingChains(of ids: [ChunkID]) throws(SnapshotError) -> [ChunkChain?] {
    try chains(of: ids, avoiding: state.withLock { $0.condemned })
  }

  private func chains(of ids: [ChunkID], avoiding condemned: Set<ChunkID>) throws(SnapshotError) -> [ChunkChain?] {
    if ids.isEmpty { return [] }
    return try catalogue.findCopies { finder in
      if ids.count > 1 { try finder.begin() }
      return try ids.map { try chain(of: $0, avoiding: condemned, finder) }
    }
  }

  private func chain(
    of id: ChunkID, avoiding condemned: Set<ChunkID>, _ finder: borrowing CopyFinder
  ) throws -> ChunkChain? {
    try resolve(finder.copies(of: id), below: .max, avoiding: condemned, isDamaged: isDamaged, finder)
  }

  package func chain(of id: ChunkID) throws(SnapshotError) -> ChunkChain? { try chains(of: [id])[0] }

  /// A chain through copies that may be damaged: for reading what would be lost otherwise, never for relying on.
  /// - Parameter failed: Copies that have been tried in vain.
  package func chainOfLastResort(
    of id: ChunkID, without failed: Set<DamagedCopy> = []
  ) throws(SnapshotError) -> ChunkChain? {
    try catalogue.findCopies { finder in
      try resolve(finder.copies(of: id), below: .max, avoiding: [], isDamaged: failed.contains, finder)
    }
  }

  /// The chain of a chunk that what is being written may rely on: one through no condemned pack.
  package func lastingChain(of id: ChunkID) throws(SnapshotError) -> ChunkChain? {
    try lastingChains(of: [id])[0]
  }

  /// A copy of depth d is decoded only through copies of its base of smaller depth, so there are no cycles and at most
  /// ``Limits/patchDepth`` steps.
  private func resolve(
    _ copies: [ChunkCopy], below depth: UInt8, avoiding condemned: Set<ChunkID>, isDamaged: (DamagedCopy) -> Bool,
    _ finder: borrowing CopyFinder
  ) throws -> ChunkChain? {
    for copy in copies
    where copy.entry.depth < depth && !isDamaged(DamagedCopy(pack: copy.pack, chunk: copy.entry.id))
      && !condemned.contains(copy.pack)
    {
      guard let base = copy.entry.base else { return ChunkChain(links: [copy]) }
      try finder.begin()
      if var chain = try resolve(
        finder.copies(of: base), below: copy.entry.depth, avoiding: condemned, isDamaged: isDamaged, finder)
      {
        chain.links.append(copy)
        return chain
      }
    }
    return nil
  }

  private func isDamaged(_ copy: DamagedCopy) -> Bool {
    state.withLock { copy.isAmong($0.noted) || copy.isAmong($0.found) }
  }

  private func wasFoundDamaged(_ copy: DamagedCopy) -> Bool { state.withLock { copy.isAmong($0.found) } }

  /// Whether no copy in a chain that was found before has turned out to be damaged since.
  func isWhole(_ chain: ChunkChain) -> Bool {
    !chain.links.contains { isDamaged(DamagedCopy(pack: $0.pack, chunk: $0.entry.id)) }
  }

  /// Notes that a copy could not be decoded; from now on it counts as unknown.
  /// - Parameter chunk: `nil` for all of the pack.
  package func noteDamage(pack: ChunkID, chunk: ChunkID?) {
    state.withLock { state in
      state.found.insert(DamagedCopy(pack: pack, chunk: chunk))
      state.askAgain()
    }
  }

  /// The packs have been read whole and are sound, whatever was noted.
  package func forgetDamage(of packs: Set<ChunkID>) {
    state.withLock { state in
      state.noted = state.noted.filter { !packs.contains($0.pack) }
      state.found = state.found.filter { !packs.contains($0.pack) }
    }
  }

  /// The packs can be read, whatever was noted; what is noted of single chunks in them stays.
  package func forgetLosses(of packs: Set<ChunkID>) {
    let losses = packs.map { DamagedCopy(pack: $0, chunk: nil) }
    state.withLock { state in
      state.noted.subtract(losses)
      state.found.subtract(losses)
    }
  }

  /// The pack of a copy that is there and known to be damaged, and without which a chunk can't be decoded.
  package func damagedPack(behind id: ChunkID) throws(SnapshotError) -> ChunkID? {
    try catalogue.findCopies { finder in try damagedPack(behind: id, below: .max, finder) }
  }

  private func damagedPack(behind id: ChunkID, below depth: UInt8, _ finder: borrowing CopyFinder) throws -> ChunkID? {
    for copy in try finder.copies(of: id) where copy.entry.depth < depth {
      if isDamaged(DamagedCopy(pack: copy.pack, chunk: id)) { return copy.pack }
      if let base = copy.entry.base, let pack = try damagedPack(behind: base, below: copy.entry.depth, finder) {
        return pack
      }
    }
    return nil
  }

  /// How one particular copy is decoded to prove it, or `nil` where its base can't be. Whoever proves reads every link, so
  /// what another run noted says nothing: the disk may have been mended, or a good copy of the pack put back.
  /// - Parameter evenDamaged: Whether it may lead through what this run found damaged.
  func chainToProve(_ copy: ChunkCopy, evenDamaged: Bool = false) throws(SnapshotError) -> ChunkChain? {
    guard let base = copy.entry.base else { return ChunkChain(links: [copy]) }
    return try catalogue.findCopies { finder in
      var chain = try resolve(
        finder.copies(of: base), below: copy.entry.depth, avoiding: [],
        isDamaged: { !evenDamaged && wasFoundDamaged($0) }, finder)
      chain?.links.append(copy)
      return chain
    }
  }

  /// How many copies this run has found damaged that were not noted. Where there are more than before, what was taken for
  /// known may be among them.
  package var damagedCopies: Int { foundDamage.count }

  /// What readers of this run found damaged, and no note says yet.
  var foundDamage: Set<DamagedCopy> { state.withLock { $0.found.subtracting($0.noted) } }

  // MARK: Writing

  package func condemn(_ packs: Set<ChunkID>) { state.withLock { $0.condemned.formUnion(packs) } }

  /// What came of taking a chunk on.
  package struct Claim: Sendable {
    /// Whether the caller must store it.
    package var isMine: Bool
    /// How the chunk that it may resemble is decoded, where that was looked for and found: what is being written may rely
    /// on it.
    package var base: ChunkChain?
  }

  /// Takes chunks on, unless they are known or another worker has. The catalogue is asked once for all of them, and for
  /// what those may resemble that the caller must store; of equal ones that is only the first.
  /// - Parameter chunks: Each with a chunk that it may resemble.
  package func claim(_ chunks: [(id: ChunkID, like: ChunkID?)]) throws(SnapshotError) -> [Claim] {
    // First, so that of two workers with the same chunk one waits for neither.
    let (first, isSure, condemned) = state.withLock { state in
      (
        chunks.map { !state.stored.contains($0.id) && state.pending.insert($0.id).inserted }, state.knowsAll,
        state.condemned
      )
    }
    var claims = first.map { Claim(isMine: $0) }
    let mine = chunks.indices.filter { first[$0] }
    if isSure || mine.isEmpty { return claims }
    let found = try catalogue.findCopies { finder in
      try finder.begin()
      return try mine.map { number -> (known: ChunkChain?, base: ChunkChain?) in
        let (id, like) = chunks[number]
        if let known = try chain(of: id, avoiding: condemned, finder) { return (known, nil) }
        return (nil, try like.flatMap { try chain(of: $0, avoiding: condemned, finder) })
      }
    }
    state.withLock { state in
      for (number, found) in zip(mine, found) {
        claims[number] = Claim(isMine: found.known == nil, base: found.base)
        guard let known = found.known else { continue }
        state.pending.remove(chunks[number].id)
        state.reliedOn.formUnion(known.packs)
      }
    }
    return claims
  }

  /// The same for one chunk, and one that it may resemble.
  package func claim(_ id: ChunkID, like: ChunkID?) throws(SnapshotError) -> Claim { try claim([(id, like)])[0] }

  /// Says that the parent snapshot was seen whole by this very catalogue, and that nothing was lost since.
  package func trustParent() { state.withLock { $0.isParentWhole = true } }

  /// Whether the parent snapshot's copy of a chunk may be relied on: without asking where the parent is known to be
  /// whole, else where the chunk can be decoded.
  package func trustsParent(_ id: ChunkID) throws(SnapshotError) -> Bool {
    if state.withLock({ $0.isParentWhole && $0.noted.isEmpty && $0.found.isEmpty }) { return true }
    guard let chain = try lastingChain(of: id) else { return false }
    rely(on: chain)
    return true
  }

  package func rely(on chain: ChunkChain) { state.withLock { $0.reliedOn.formUnion(chain.packs) } }

  /// A finished pack's chunks are in the catalogue now.
  package func finish(_ ids: some Sequence<ChunkID>) {
    state.withLock { state in
      for id in ids {
        state.pending.remove(id)
        if state.knowsAll { state.stored.insert(id) }
      }
      if state.stored.count > Self.rememberedMaximum { state.askAgain() }
    }
  }

  /// Whoever had taken chunks on has gone, with whatever it had not finished a pack with: others may take them on.
  package func forgetClaims() { state.withLock { $0.pending = [] } }

  package var reliedOn: Set<ChunkID> { state.withLock { $0.reliedOn } }
}
