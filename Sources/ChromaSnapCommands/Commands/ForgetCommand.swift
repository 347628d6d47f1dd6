import ArgumentParser
import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

struct ForgetCommand: SnapCommand {
  static let configuration = CommandConfiguration(
    commandName: "forget", abstract: "Remove the snapshots that a policy does not keep, or those that are named.",
    discussion: """
      The policy is applied to each source by itself. Whatever it says, the last good snapshot of a source stays, the last \
      good one before a collapse of its size, and what is pinned. Space is freed by `prune`, or at once with --prune.

      Without a --keep option the configuration's [retention] is the policy; one such option replaces all of it. With \
      --accept-collapse alone nothing is removed.

      With IDs those snapshots go, and no policy is asked. What is pinned does not go, and the last good one only with --force. \
      With the id of a damaged manifest, note or audit entry that `check` names, that document is removed for good.

      EXAMPLES
        chromasnap forget --keep-last 10 --dry-run
        chromasnap forget --keep-hourly 24 --keep-daily 7 --keep-weekly 5 --keep-monthly 12 --prune
        chromasnap forget --max-backups 30 --source ./chroma --prune
        chromasnap forget --keep-within 14d --keep-tag release
        chromasnap forget 5e4ca8e6 test_20261124_080000 --prune
      """)

  @Argument(help: ArgumentHelp("Snapshots to remove, whatever a policy says.", valueName: "id"))
  var ids: [String] = []

  @OptionGroup(title: "Policy") var policy: PolicyOptions

  @Option(
    help: ArgumentHelp(
      "Only snapshots of the source at this path. Default: the configuration's source, else every source.",
      valueName: "dir"),
    completion: .directory)
  var source: String?

  @Flag(help: "Remove a named one even if it is the last good one of its source, or the last before a collapse.")
  var force = false

  @Flag(help: "Free the space at once.")
  var prune = false

  @Flag(name: .customLong("dry-run"), help: "Show what would stay and go, and why; change nothing.")
  var dryRun = false

  @Flag(name: .customLong("trust-clock"), help: "Go on although a snapshot is from the future.")
  var trustsClock = false

  @Option(
    name: .customLong("accept-collapse"),
    help: ArgumentHelp(
      "Accept that this snapshot holds much less than the one before: the loss is intended.", valueName: "id"))
  var accepted: [String] = []

  @OptionGroup(title: "Global options") var global: GlobalOptions

  var isAudited: Bool { !dryRun }

  func validate() throws {
    if !ids.isEmpty, !policy.isEmpty || source != nil {
      throw ValidationError("Name the snapshots that go, or give a policy: not both.")
    }
    if force, ids.isEmpty { throw ValidationError("--force is for snapshots that are named.") }
  }

  func execute() throws(SnapshotError) -> Int32 {
    // Whoever only accepts a collapse has not asked for the configuration's policy.
    let acceptsOnly = !accepted.isEmpty && ids.isEmpty && policy.isEmpty
    var verb = ForgetSnapshots(acceptsOnly ? KeepPolicy() : policy.policy(global.settings))
    let source = try global.settings.value(SettingTable.source, option: source.map { FilePath(argument: $0) })
    verb.named = ids.map { SnapshotSelector($0, latestOf: source) }
    verb.isForced = force
    verb.source = source
    verb.isDryRun = dryRun
    verb.trustsClock = trustsClock
    verb.acknowledged = accepted.map { SnapshotSelector($0, latestOf: source) }
    let result = try verb.run(in: global.location)
    var pruned: PruneRepository.Summary?
    var failure: SnapshotError?
    if prune {
      var verb = PruneRepository()
      verb.maxUnused = global.settings[SettingTable.maxUnused].value
      verb.isDryRun = dryRun
      verb.takenForForgotten = Set(result.forgotten.map(\.id))
      // What is forgotten is forgotten, and said, whatever becomes of the prune.
      do throws(SnapshotError) { pruned = try watching(verb.run) } catch { failure = error }
    }
    render(Self.json(result, pruned)) {
      Self.text(result, named: !ids.isEmpty) + (pruned.map(PruneCommand.text) ?? [])
    }
    if let failure { throw failure }
    return ExitStatus.success
  }

  private static func text(_ result: ForgetSnapshots.Result, named: Bool) -> [String] {
    var lines = result.givenUp.map { "\(result.isDryRun ? "would give up" : "gave up") \($0), which is damaged" }
    lines += result.acknowledged.map { snapshot in
      "\(result.isDryRun ? "would accept" : "accepted") that \(snapshot.id.short)  \(snapshot.manifest.name) holds less"
    }
    // Where nothing had to be decided, that was all.
    if result.sources.isEmpty, !lines.isEmpty { return lines }
    for (source, decisions) in result.sources {
      lines.append("source \(source.path)")
      // Of all that nobody named there is nothing to say.
      let decisions = named ? decisions.filter { !$0.isKept } : decisions
      var table = Table([("", .left), ("ID", .left), ("TIME", .left), ("NAME", .left), ("WHY", .left)])
      for decision in decisions {
        table.add([
          decision.isKept ? "keep" : result.isDryRun ? "would forget" : "forget", decision.snapshot.id.short,
          decision.snapshot.manifest.time.localText, decision.snapshot.manifest.name,
          decision.isKept ? decision.reasons.joined(separator: ", ") : named ? "named" : "no rule keeps it",
        ])
      }
      lines += table.lines
    }
    if !result.zipsRemoved.isEmpty { lines.append("removed \(Wording.count(result.zipsRemoved.count, "ZIP"))") }
    let (gone, kept) = (result.forgotten.count, result.kept.count)
    lines.append(
      "\(result.isDryRun ? "would forget" : "forgot") \(Wording.count(gone, "snapshot")), \(kept) \(kept == 1 ? "stays" : "stay")"
    )
    return lines
  }

  private static func json(_ result: ForgetSnapshots.Result, _ pruned: PruneRepository.Summary?) -> JSON {
    let sources: [JSON] = result.sources.map { source, decisions in
      .object(
        source.fields + [
          (
            "snapshots",
            .array(
              decisions.map { decision in
                .object([
                  ("id", .string(decision.snapshot.id.description)), ("short_id", .string(decision.snapshot.id.short)),
                  ("name", .string(decision.snapshot.manifest.name)), ("time", .time(decision.snapshot.manifest.time)),
                  ("kept", .bool(decision.isKept)), ("reasons", .strings(decision.reasons)),
                ])
              })
          )
        ])
    }
    return .object([
      ("message_type", .string("summary")), ("dry_run", .bool(result.isDryRun)), ("sources", .array(sources)),
      ("kept", .integer(result.kept.count)), ("forgotten", .integer(result.forgotten.count)),
      ("accepted", .strings(result.acknowledged.map(\.id.description))), ("given_up", .strings(result.givenUp)),
      ("zips_removed", .strings(result.zipsRemoved.map(\.string))),
      ("prune", pruned.map(PruneCommand.json) ?? .null),
    ])
  }
}
