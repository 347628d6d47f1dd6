import SeededNumbers
import SystemIO
import SystemPackage
import Testing
import ZipArchive

/// Other programs read what is written here, and the other way round.
@Suite struct ZipInteropTests {
  /// A folder with what makes archives hard: names, kinds, modes, times, a file larger than what is held as a whole.
  private let tree: [Member]

  init() {
    var numbers = SeededGenerator(42)
    let large = Sample.text.bytes(3 << 20, &numbers) + Sample.random.bytes(2 << 20, &numbers)
    tree = [
      Member("empty"), Member("large.bin", large + Sample.vectors.bytes(1 << 20, &numbers)),
      Member("link", Array("sub/deep/ünï 日本.txt".utf8), kind: .symbolicLink, permissions: 0o777),
      Member("random.bin", Sample.random.bytes(5000, &numbers), permissions: 0o444),
      Member("script.sh", Array("#!/bin/sh\n".utf8), permissions: 0o755),
      Member("sub", kind: .directory, permissions: 0o755), Member("sub/deep", kind: .directory, permissions: 0o700),
      Member("sub/deep/ünï 日本.txt", Sample.text.bytes(40_000, &numbers), permissions: 0o640),
      Member("sub/nothing", kind: .directory, permissions: 0o755),
    ]
  }

  /// The tree as files.
  private func unpacked() throws -> ScratchFolder {
    let folder = try ScratchFolder()
    for member in tree {
      let path = folder.path.appending("in").pushing(FilePath(bytes: member.entry.name))
      _ = try FileSystem.makeFolders(path.removingLastComponent())
      switch member.entry.kind {
      case .directory: _ = try FileSystem.makeFolders(path)
      case .symbolicLink: try FileSystem.makeSymbolicLink(to: member.bytes, at: path)
      case .file: try Descriptor(opening: path, .write, [.create]).write(member.bytes)
      }
    }
    // From the leaves up: what is put into a folder changes its time.
    for member in tree.reversed() {
      let path = folder.path.appending("in").pushing(FilePath(bytes: member.entry.name))
      if member.entry.kind != .symbolicLink { try FileSystem.setPermissions(member.entry.permissions, at: path) }
      try FileSystem.setModified(member.entry.modified, at: path)
    }
    return folder
  }

  /// Compares an unpacked folder with the tree.
  private func expectTree(at root: FilePath, sourceLocation: SourceLocation = #_sourceLocation) throws {
    for member in tree {
      let path = root.pushing(FilePath(bytes: member.entry.name))
      let status = try FileStatus(at: path, following: false)
      let name = member.entry.nameText
      switch member.entry.kind {
      case .directory: #expect(status.kind == .directory, "\(name)", sourceLocation: sourceLocation)
      case .symbolicLink: #expect(status.kind == .symbolicLink, "\(name)", sourceLocation: sourceLocation)
      case .file:
        #expect(
          try Descriptor(opening: path).readAll(limit: 1 << 30) == member.bytes, "\(name)",
          sourceLocation: sourceLocation)
        #expect(status.permissions == member.entry.permissions, "\(name)", sourceLocation: sourceLocation)
        #expect(status.modified == member.entry.modified, "\(name)", sourceLocation: sourceLocation)
      }
    }
  }

  @Test(arguments: [0, 6])
  func otherProgramsUnpackWhatIsWrittenHere(level: Int) throws {
    let folder = try ScratchFolder()
    let bytes = try archive(tree, level: level)
    _ = try folder.write(bytes, to: "a.zip")
    for (name, arguments) in [
      ("unzip", ["unzip", "-q", "a.zip", "-d", "unzip"]),
      ("bsdtar", ["sh", "-c", "mkdir bsdtar && bsdtar -xpf a.zip -C bsdtar"]),
      ("stream", ["sh", "-c", "mkdir stream && cat a.zip | bsdtar -xpf - -C stream"]),
    ] where name != "stream" || level > 0 {
      try Program.run(arguments, in: folder.path)
      if name == "stream" {
        // From a stream bsdtar can't know of links and modes: they stand at the end.
        for member in tree where member.entry.kind == .file {
          let path = folder.path.appending(name).pushing(FilePath(bytes: member.entry.name))
          #expect(try Descriptor(opening: path).readAll(limit: 1 << 30) == member.bytes)
        }
      } else {
        try expectTree(at: folder.path.appending(name))
      }
    }
    try Program.run(["unzip", "-tq", "a.zip"], in: folder.path)
    try Program.run(["zip", "-T", "a.zip"], in: folder.path)
    try Program.run(["7z", "t", "a.zip"], in: folder.path)
    let listed = try Program.run(
      [
        "python3", "-c",
        """
        import hashlib, zipfile
        z = zipfile.ZipFile("a.zip")
        assert z.testzip() is None
        for i in z.infolist(): print(oct(i.external_attr >> 16), i.file_size, i.CRC, i.filename, sep="|")
        """,
      ], in: folder.path)
    let expected = tree.map { member in
      let type = member.entry.kind == .file ? 0o100000 : member.entry.kind == .directory ? 0o040000 : 0o120000
      let mode = String(UInt32(type) | member.entry.permissions, radix: 8)
      let slash = member.entry.kind == .directory ? "/" : ""
      return "0o\(mode)|\(member.bytes.count)|\(member.entry.nameText)\(slash)"
    }
    let found = listed.split(separator: "\n").map { line in
      let fields = line.split(separator: "|")
      return "\(fields[0])|\(fields[1])|\(fields[3])"
    }
    #expect(found == expected)
  }

  @Test(arguments: [
    "cd in && zip -qry ../a.zip .", "cd in && zip -qry -0 ../a.zip .", "cd in && zip -qry -fz - . > ../a.zip",
    "cd in && bsdtar -cf ../a.zip --format zip .", "cd in && bsdtar -cf - --format zip * | cat > ../a.zip",
  ])
  func whatUnixProgramsWriteIsReadWithModesAndTimes(command: String) throws {
    let folder = try unpacked()
    try Program.run(["sh", "-c", command], in: folder.path)
    let read = try members(of: Descriptor(opening: folder.path.appending("a.zip")).readAll(limit: 1 << 30))
    let found = read.filter { !$0.entry.name.isEmpty }.sorted { nameOrder($0.entry.name, $1.entry.name) }
    #expect(found.map(\.entry.name) == tree.map(\.entry.name))
    #expect(found.map(\.entry.kind) == tree.map(\.entry.kind))
    for (a, b) in zip(found, tree) {
      #expect(a.bytes == b.bytes, "\(b.entry.nameText)")
      #expect(a.entry.modified.seconds == b.entry.modified.seconds, "\(b.entry.nameText)")
      if b.entry.kind == .file { #expect(a.entry.permissions == b.entry.permissions, "\(b.entry.nameText)") }
    }
  }

  @Test(arguments: [
    "cd in && 7z a -tzip ../a.zip . > ../log", "cd in && 7z a -tzip -mx=0 ../a.zip . > ../log",
    "cd in && python3 -m zipfile -c ../a.zip *",
    // As the old scripts did.
    """
    python3 -c '
    import os, zipfile
    with zipfile.ZipFile("a.zip", "w", zipfile.ZIP_DEFLATED) as z:
        for root, folders, files in os.walk("in"):
            for f in files: z.write(os.path.join(root, f), os.path.relpath(os.path.join(root, f), "in"))
        z.writestr("backup_metadata.json", "{}")
    '
    """,
    // To a stream, with data descriptors, of both widths.
    """
    python3 -c '
    import os, sys, zipfile
    class Stream:
        def write(self, b): return sys.stdout.buffer.write(b)
        def flush(self): pass
    with zipfile.ZipFile(Stream(), "w", zipfile.ZIP_DEFLATED) as z:
        for root, folders, files in os.walk("in"):
            for f in files:
                p = os.path.join(root, f)
                with z.open(zipfile.ZipInfo(os.path.relpath(p, "in")), "w", force_zip64=len(f) % 2 == 0) as o:
                    o.write(open(p, "rb").read())
    ' > a.zip
    """,
  ])
  func whatOthersWriteIsRead(command: String) throws {
    let folder = try unpacked()
    try Program.run(["sh", "-c", command], in: folder.path)
    let read = try members(of: Descriptor(opening: folder.path.appending("a.zip")).readAll(limit: 1 << 30))
    for member in tree where member.entry.kind == .file {
      let found = try #require(read.first { $0.entry.name == member.entry.name }, "\(member.entry.nameText)")
      #expect(found.bytes == member.bytes, "\(member.entry.nameText)")
    }
  }

  @Test func aTimeWithoutZoneIsLocal() throws {
    let folder = try unpacked()
    try Program.run(["sh", "-c", "cd in && TZ= python3 -m zipfile -c ../a.zip script.sh"], in: folder.path)
    let read = try members(of: Descriptor(opening: folder.path.appending("a.zip")).readAll(limit: 1 << 30))
    let offset = read[0].entry.modified.seconds - tree[4].entry.modified.seconds
    // Two seconds is as fine as it gets; zones differ by quarters of an hour.
    #expect((-1...0).contains(offset % 900), "\(offset)")
  }

  @Test func namesThatAreNoUTF8AreReadByOthers() throws {
    let folder = try ScratchFolder()
    _ = try folder.write(archive([Member([0x66, 0xFC, 0x72], [2])]), to: "a.zip")
    try Program.run(["unzip", "-tq", "a.zip"], in: folder.path)
    let shown = try Program.run(
      ["python3", "-c", "import zipfile; print(zipfile.ZipFile('a.zip').namelist()[0])"], in: folder.path)
    #expect(shown == "fⁿr\n", "code page 437, as here")
  }
}
