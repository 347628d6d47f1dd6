import SnapshotFormat
import SnapshotRepository
import SystemIO
import Testing

struct ObjectNameTests {
  private static let id = ChunkID(of: [1])
  private static let time = Timestamp(seconds: 1_790_000_000, nanoseconds: 5)
  private static let objects = [
    ObjectNames.pack(id), ObjectNames.snapshot(id, committed: time), ObjectNames.note(id, time: time),
    ObjectNames.audit(id, time: time), ObjectNames.condemned(id),
  ]

  @Test func `An object's name tells its id`() {
    for object in Self.objects { #expect(ObjectNames.id(in: object) == Self.id) }
  }

  @Test func `Any other name tells none`() {
    for object in Self.objects {
      let (folder, name) = (ObjectNames.folder(of: object), ObjectNames.name(of: object))
      for other in ["._\(name)", "old-\(name)", "\(name)~", "\(name).json", " \(name)", "\(name.dropLast())", "x", ""] {
        #expect(ObjectNames.id(in: "\(folder)/\(other)") == nil, "\(other)")
      }
      #expect(ObjectNames.id(in: "other/\(name)") == nil)
      if folder.contains("/") { #expect(ObjectNames.id(in: "\(folder) copy/\(name)") == nil) }
    }
    #expect(ObjectNames.id(in: "packs/zz/\(Self.id)") == nil)
    #expect(ObjectNames.id(in: "notes/2026-01/20260100T000000.00000000xZ-\(Self.id)") == nil)
    #expect(ObjectNames.id(in: "notes/2026-02/20260100T000000.000000000Z-\(Self.id)") == nil)
  }
}
