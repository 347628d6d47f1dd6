import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage

/// Which metrics there are, and what a run sets them to.
enum RunMetrics {
  static let descriptions: [(name: String, help: String)] = [
    ("chromasnap_info", "The program that wrote these."),
    ("chromasnap_last_run_timestamp_seconds", "When the command last began."),
    ("chromasnap_last_success_timestamp_seconds", "When the command last began a run that ended with exit code 0."),
    ("chromasnap_last_run_duration_seconds", "How long the command's last run took."),
    ("chromasnap_last_run_exit_code", "The exit code of the command's last run: 0 fine, 3 incomplete or damaged."),
    ("chromasnap_last_run_warnings", "Warnings of the command's last run."),
    ("chromasnap_snapshot_timestamp_seconds", "When the data was as the source's last snapshot holds it."),
    ("chromasnap_snapshot_processed_bytes", "Bytes of all files of the last snapshot."),
    ("chromasnap_snapshot_read_bytes", "Bytes that the last snapshot had to read."),
    ("chromasnap_snapshot_stored_bytes", "Bytes that the last snapshot added to the repository."),
    ("chromasnap_snapshot_files", "Files in the last snapshot."),
    ("chromasnap_snapshot_records", "Records in the collections of the last snapshot."),
    ("chromasnap_snapshot_collections", "Collections in the last snapshot."),
    ("chromasnap_snapshot_hold_seconds", "For how long the last snapshot held Chroma's writers."),
    ("chromasnap_snapshot_healthy", "Whether Chroma would find every record of the last snapshot that was examined."),
    ("chromasnap_source_snapshots", "Snapshots of the source."),
    ("chromasnap_source_status", "The source's status: 0 ok, 1 warning, 2 critical."),
    ("chromasnap_repository_stored_bytes", "Bytes of all chunks as they are stored."),
    ("chromasnap_repository_free_bytes", "Bytes that the repository's file system has free."),
  ]
}

extension MetricsText {
  /// Sets what a run has to say. A run of one command leaves what those of others said.
  mutating func record(_ report: RunReport, _ status: StatusReport?, repository: String) {
    for version in series("chromasnap_info") { self["chromasnap_info", version] = nil }
    self["chromasnap_info", ["version": Program.version]] = 1
    let place = ["repository": repository]
    var run = place.merging(["command": report.command]) { $1 }
    if let source = report.facts.source { run["source"] = source }
    self["chromasnap_last_run_timestamp_seconds", run] = report.began.inSeconds
    if report.exitCode == 0 { self["chromasnap_last_success_timestamp_seconds", run] = report.began.inSeconds }
    self["chromasnap_last_run_duration_seconds", run] = report.duration
    self["chromasnap_last_run_exit_code", run] = Double(report.exitCode)
    self["chromasnap_last_run_warnings", run] = Double(report.facts.warnings.count)
    if let taken = report.facts.taken { record(taken, place) }
    guard let status else { return }
    self["chromasnap_repository_stored_bytes", place] = Double(status.facts.storedBytes)
    self["chromasnap_repository_free_bytes", place] = status.facts.freeBytes.map { Double($0) }
    for source in status.facts.sources where report.facts.source == nil || source.path == report.facts.source {
      let labels = place.merging(["source": source.path]) { $1 }
      self["chromasnap_source_snapshots", labels] = Double(source.snapshots)
      self["chromasnap_source_status", labels] = Double(status.level(of: source).rawValue)
    }
  }

  private mutating func record(_ taken: TakeSnapshot.Summary, _ place: [String: String]) {
    let labels = place.merging(["source": taken.source.string]) { $1 }
    if taken.health != .unchecked { self["chromasnap_snapshot_healthy", labels] = taken.health == .good ? 1 : 0 }
    self["chromasnap_snapshot_hold_seconds", labels] = taken.kind == .chroma ? taken.holdSeconds : nil
    self["chromasnap_snapshot_processed_bytes", labels] = Double(taken.bytesProcessed)
    self["chromasnap_snapshot_read_bytes", labels] = Double(taken.bytesRead)
    self["chromasnap_snapshot_stored_bytes", labels] = Double(taken.bytesStored)
    guard let manifest = (taken.snapshot ?? taken.parent)?.manifest else { return }
    self["chromasnap_snapshot_timestamp_seconds", labels] = manifest.time.inSeconds
    self["chromasnap_snapshot_files", labels] = Double(manifest.statistics.files)
    self["chromasnap_snapshot_records", labels] = manifest.chroma.map { Double($0.records) }
    self["chromasnap_snapshot_collections", labels] = manifest.chroma.map { Double($0.collections.count) }
  }
}

extension Timestamp {
  fileprivate var inSeconds: Double { Double(seconds) + Double(nanoseconds / 1_000_000) / 1000 }
}
