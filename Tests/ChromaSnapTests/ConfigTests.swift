import ChromaSnap
import SnapshotFormat
import SnapshotRepository
import SystemIO
import SystemPackage
import Testing

/// A repository that has lost its config.
@Suite struct ConfigTests {
  @Test func aNewerProgramMayKnowWhatTheLostConfigSaid() throws {
    let workshop = try Workshop()
    try workshop.write("f", [1, 2, 3])
    var manifest = try workshop.snapshot().manifest
    manifest.program = "chromasnap 99.1.0"
    _ = try workshop.location.open(for: .write).commit(manifest)
    try FileSystem.removeFile(workshop.repositoryFolder.pushing("config/1"))
    #expect { try workshop.location(cache: "cold").recreate() } throws: { ($0 as? SnapshotError)?.code == .unsupported }
    // The cache has a copy.
    #expect(try workshop.location.recreate())
    #expect(try workshop.check().isSound)
    #expect(try !workshop.location.recreate())
  }

  @Test func versionsAreComparedAsNumbers() {
    #expect(Program.isNoNewer(Program.nameAndVersion))
    #expect(Program.isNoNewer("chromasnap 0.0.99"))
    for newer in [
      "chromasnap 99.0.0", "chromasnap \(Program.version).1", "chromasnap next", "chromasnap", "other 0.0.1", "",
    ] {
      #expect(!Program.isNoNewer(newer), "\(newer)")
    }
  }
}
