import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import Testing

@Suite struct ImportTests {
  @Test func namesSayWhatForAndWhen() throws {
    for file in ["auto_backup_20241220_143022.zip", "a_b_20241220_143022.ZIP", "x_20241220_143022-2.zip"] {
      let name = BackupName(file: file)
      #expect(name.name == String(file.dropLast(4)))
      #expect(name.time?.local == CivilTime(secondsSinceEpoch: 1_734_705_022), "\(file)")
    }
    #expect(BackupName(file: "pre_restore_backup_20241220_143022").time != nil)
    for file in [
      "backup.zip", ".zip", "20241220_143022.zip", "a_20241320_143022.zip", "a_20241220_253022.zip", "a_2024122_143022",
      "a_20241220-143022.zip", "",
    ] {
      #expect(BackupName(file: file).time == nil, "\(file)")
    }
  }

  @Test func timesAreReadAsTheyAreWritten() throws {
    let utc = try #require(Timestamp(backup: "2024-12-20T14:30:22Z"))
    #expect(utc.seconds == 1_734_705_022)
    #expect(Timestamp(backup: "2024-12-20T16:30:22+02:00") == utc)
    for text in ["2024-12-20T14:30:22", "2024-12-20 14:30:22.123456", "20241220_143022"] {
      #expect(Timestamp(backup: text)?.local == CivilTime(secondsSinceEpoch: 1_734_705_022), "\(text)")
    }
    for text in ["", "yesterday", "unknown", "20241220", "2024-12-20", "2024-12-20T14:30:22 and more"] {
      #expect(Timestamp(backup: text) == nil, "\(text)")
    }
  }

  private func snapshot(_ day: Int64, sequence: UInt64) -> Snapshot {
    let time = Timestamp(seconds: day * 86_400)
    let manifest = Manifest(
      name: "n", source: Manifest.Source(id: "s", path: "/s", pathBase64: nil, kind: .chroma, inode: 1), hostname: "h",
      username: "u", time: time, commitTime: time, sequence: sequence, parent: nil, tree: .empty, packs: [],
      statistics: Manifest.Statistics(), tags: [], description: "", excludes: [], complete: true, program: "test")
    return Snapshot(id: ChunkID(of: [UInt8(day)]), manifest: manifest)
  }

  @Test func whereAnImportBelongs() {
    let history = [snapshot(10, sequence: 1), snapshot(20, sequence: 2), snapshot(30, sequence: 3)]
    func expect(
      _ day: Int64, among history: [Snapshot], _ sequence: UInt64, parent: Snapshot?, neighbour: Snapshot?
    ) {
      let position = ImportPlace.position(at: Timestamp(seconds: day * 86_400), among: history)
      #expect(position.sequence == sequence)
      #expect(position.parent == parent)
      #expect(position.neighbour == neighbour)
    }
    expect(7, among: [], 1, parent: nil, neighbour: nil)
    expect(31, among: history, 4, parent: history[2], neighbour: history[2])
    expect(25, among: history, 2, parent: history[1], neighbour: history[1])
    expect(10, among: history, 1, parent: history[0], neighbour: history[0])
    // Nothing is older: the next one is the most like it.
    expect(5, among: history, 0, parent: nil, neighbour: history[0])
  }
}
