public import SnapshotFormat
public import SnapshotRepository
import SystemIO

/// Proves that a repository is sound: every object is what it should be, and everything that snapshots need is there.
public struct CheckRepository: Sendable {
  /// How much of the packs' contents is read, decoded and compared with its ids.
  public enum DataReading: Hashable, Sendable {
    case none
    case all
    /// One of so many parts: all parts together are everything.
    case part(Int, of: Int)
    /// A random choice of about this fraction of the packs.
    case fraction(Double)
  }

  public var reading: DataReading = .none

  public init() {}

  /// Something that is wrong, and what it hurts.
  public struct Problem: Sendable {
    public enum Code: String, Sendable {
      case damagedManifest = "damaged_manifest"
      case damagedNote = "damaged_note"
      case damagedAudit = "damaged_audit"
      case damagedPack = "damaged_pack"
      case damagedChunk = "damaged_chunk"
      case missingChunk = "missing_chunk"
      case damagedDocument = "damaged_document"
    }

    public struct Affected: Hashable, Sendable {
      public var snapshot: ChunkID
      /// The path's bytes; `nil`: all of it.
      public var path: [UInt8]?
    }

    public var code: Code
    public var message: String
    public var pack: ChunkID?
    public var chunk: ChunkID?
    /// Of a damaged manifest, note or audit entry: the id in its name. A repair mends it where it can.
    public var document: ChunkID?
    /// What ends it where nothing can mend that document.
    public var wayOut: String?
    public var affected: [Affected] = []
  }

  public struct Summary: Sendable {
    public var problems: [Problem] = []
    /// The snapshots of which not everything can be restored.
    public var hurt: [Snapshot] = []
    /// Those of them that a repair has rewritten without what is lost: it can do no more for them.
    public var rewritten: [Snapshot] = []
    public var snapshots = 0
    public var packs = 0
    public var chunks = 0
    /// Bytes of chunks, as they are stored, that were read and proved.
    public var bytesRead: UInt64 = 0
    public var reading: DataReading
    /// Seconds.
    public var duration: Double = 0

    public var isSound: Bool { problems.isEmpty }
  }

  /// Takes time with the number of chunks, and with the bytes of the packs that are read.
  /// - Throws: What keeps it from looking, `no_repository` or `locked`. What it finds is in the summary.
  public func run(in location: RepositoryLocation, activity: Activity = Activity()) throws(SnapshotError) -> Summary {
    let stopwatch = Stopwatch()
    let repository = try location.open(for: .read)
    var summary = Summary(reading: reading)
    let documents = DocumentCheck(repository: repository)
    summary.problems += try documents.run()
    let index = try ChunkIndex(repository)
    let packs = PackCheck(repository: repository, index: index, reading: reading, activity: activity)
    let result = try packs.run()
    summary.problems += result.problems
    summary.packs = result.packs
    summary.chunks = result.chunks
    summary.bytesRead = result.bytesRead
    try checkSnapshots(repository, index, &summary, activity)
    summary.duration = stopwatch.seconds
    return summary
  }

  /// What each snapshot has lost, added to the problem that it comes from.
  private func checkSnapshots(
    _ repository: Repository, _ index: ChunkIndex, _ summary: inout Summary, _ activity: Activity
  ) throws(SnapshotError) {
    var soundness = Soundness(repository, index: index)
    var byChunk: [ChunkID: Int] = [:]
    for (i, problem) in summary.problems.enumerated() { if let chunk = problem.chunk { byChunk[chunk] = i } }
    let unreadable = Set(summary.problems.filter { $0.code == .damagedPack }.compactMap(\.pack))
    let known = try repository.hurt()
    let snapshots = try repository.catalogue.snapshots()
    summary.snapshots = snapshots.count
    for snapshot in snapshots {
      let losses = try soundness.losses(of: snapshot, activity: activity)
      if !losses.isEmpty { summary.hurt.append(snapshot) }
      for loss in losses {
        let affected = Problem.Affected(snapshot: snapshot.id, path: loss.entry?.path)
        if let chunk = loss.chunk, let at = byChunk[chunk] {
          summary.problems[at].affected.append(affected)
        } else {
          if let chunk = loss.chunk { byChunk[chunk] = summary.problems.count }
          var problem = Problem(
            code: .missingChunk, message: loss.message, pack: loss.pack, chunk: loss.chunk, affected: [affected])
          if loss.pack == nil, let chunk = loss.chunk, let pack = try index.damagedPack(behind: chunk) {
            problem.pack = pack
            if reading != .all, !unreadable.contains(pack) {
              problem.message += "; this was noted before, and only `chromasnap check --read-data` looks at it again"
            }
          }
          summary.problems.append(problem)
        }
      }
      // A repository that can't be written to is checked all the same.
      if losses.isEmpty == known.contains(snapshot.id) {
        try? repository.note(.hurt, about: snapshot.id, value: !losses.isEmpty)
      }
    }
    let repaired = Set(snapshots.compactMap(\.manifest.repairs))
    summary.rewritten = summary.hurt.filter { repaired.contains($0.id) }
    repository.noteFoundDamage(index)
    if summary.isSound, reading == .all {
      try? repository.add(Note(kind: .check, time: .now, value: true))
    }
  }
}
