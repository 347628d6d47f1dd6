import ObjectStorage
import SystemIO
import SystemPackage
import Testing

/// What every store promises, put to each of them.
@Suite struct StoreConformanceTests {
  enum Kind: CaseIterable, Sendable { case local, memory }

  private func withStore(_ kind: Kind, _ body: (any ObjectStore) throws -> Void) throws {
    switch kind {
    case .memory: try body(MemoryStore())
    case .local:
      let folder = FilePath("/tmp/chromasnap-store-\(UInt64.random(in: 0 ... .max))")
      try FileSystem.makeFolder(folder)
      defer { try? FileSystem.removeTree(folder) }
      try body(LocalStore(folder))
    }
  }

  @Test(arguments: Kind.allCases) func whatIsPutIsRead(_ kind: Kind) throws {
    try withStore(kind) { store in
      try store.put("a/b/c", [1, 2, 3, 4])
      #expect(try store.size(of: "a/b/c") == 4)
      #expect(try store.get("a/b/c", limit: 10) == [1, 2, 3, 4])
      #expect(try store.read("a/b/c", at: 1, count: 2) == [2, 3])
      #expect(try store.list("a") == ["b"])
      #expect(try store.list("a/b") == ["c"])
      #expect(try store.list("nowhere") == [])
    }
  }

  @Test(arguments: Kind.allCases) func endsAreTold(_ kind: Kind) throws {
    try withStore(kind) { store in
      try store.put("x", [1, 2, 3])
      #expect(throws: StoreError(.truncated, "x")) { try store.read("x", at: 2, count: 2) }
      #expect(throws: StoreError(.tooLarge, "x")) { try store.get("x", limit: 2) }
      #expect { try store.size(of: "y") } throws: { ($0 as? StoreError)?.code == .notFound }
      #expect { try store.get("y", limit: 2) } throws: { ($0 as? StoreError)?.code == .notFound }
    }
  }

  @Test(arguments: Kind.allCases) func anUncommittedObjectIsNotThere(_ kind: Kind) throws {
    try withStore(kind) { store in
      let kept = try store.begin()
      try kept.append([UInt8](repeating: 7, count: 100).rawSpan)
      let dropped = try store.begin()
      try dropped.append([1].rawSpan)
      dropped.discard()
      #expect(try store.list("p") == [])
      try kept.append([8].rawSpan)
      try kept.commit(as: "p/kept")
      #expect(try store.list("p") == ["kept"])
      #expect(try store.size(of: "p/kept") == 101)
    }
  }

  /// Long pieces at whole blocks may take another way to the disk than short or odd ones.
  @Test(arguments: Kind.allCases) func piecesOfAllLengthsFollowEachOther(_ kind: Kind) throws {
    var bytes = ByteBuffer(capacity: 4 << 20, alignment: Descriptor.directBlockBytes)
    for i in 0..<UInt64((4 << 20) / 8) { bytes.append(i &* 0x9e37_79b9_7f4a_7c15) }
    let whole = unsafe [UInt8](bytes.pointer)
    let lengths = [2 << 20, 1 << 20, 4096, 1, 3 << 20, 4095, 2 << 20, 77]
    try withStore(kind) { store in
      let writer = try store.begin()
      var expected: [UInt8] = []
      for length in lengths {
        let view = unsafe bytes.pointer.bytes
        try writer.append(view.extracting(..<length))
        expected += whole[..<length]
      }
      try writer.commit(as: "pieces")
      #expect(try store.get("pieces", limit: 16 << 20) == expected)
    }
  }

  @Test(arguments: Kind.allCases) func deletingTwiceIsFine(_ kind: Kind) throws {
    try withStore(kind) { store in
      try store.put("d/x", [1])
      try store.delete("d/x")
      try store.delete("d/x")
      #expect(try store.list("d") == [])
    }
  }

  @Test(arguments: Kind.allCases) func whatWasReadIsReadAsItIsNow(_ kind: Kind) throws {
    try withStore(kind) { store in
      try store.put("n/x", [1, 2, 3])
      #expect(try store.read("n/x", at: 1, count: 1) == [2])
      try store.put("n/x", [4, 5, 6, 7])
      #expect(try store.read("n/x", at: 1, count: 1) == [5])
      try store.delete("n/x")
      #expect { try store.read("n/x", at: 1, count: 1) } throws: { ($0 as? StoreError)?.code == .notFound }
      // More names than a store keeps open.
      for number in 0..<300 { try store.put("m/\(number)", [UInt8(number % 251)]) }
      for number in [0, 299] + Array(0..<300) {
        #expect(try store.read("m/\(number)", at: 0, count: 1) == [UInt8(number % 251)])
      }
    }
  }

  @Test(arguments: Kind.allCases) func severalAreDeletedAtOnce(_ kind: Kind) throws {
    try withStore(kind) { store in
      for name in ["d/x", "d/y", "e/x", "e/y"] { try store.put(name, [1]) }
      try store.delete(["d/x", "e/y", "d/missing", "nowhere/z"])
      #expect(try store.list("d") == ["y"])
      #expect(try store.list("e") == ["x"])
    }
  }

  @Test(arguments: Kind.allCases) func aStampChangesWithTheFolder(_ kind: Kind) throws {
    try withStore(kind) { store in
      #expect(try store.stamp(of: "f") == nil)
      try store.put("f/1", [1])
      let first = try store.stamp(of: "f")
      #expect(try store.stamp(of: "f") == first)
      // The kernel's clock ticks every few milliseconds.
      sleepFor(seconds: 0.02)
      try store.put("f/2", [1])
      let second = try store.stamp(of: "f")
      #expect(second != first)
      sleepFor(seconds: 0.02)
      try store.delete("f/1")
      #expect(try store.stamp(of: "f") != second)
    }
  }

  @Test(arguments: Kind.allCases) func aDigestIsOfTheNames(_ kind: Kind) throws {
    try withStore(kind) { store in
      #expect(try store.digest(of: "g") == FolderDigest())
      for name in ["g/1", "g/2", "g/3"] { try store.put(name, [1]) }
      #expect(try store.digest(of: "g") == FolderDigest(["3", "1", "2"]))
      try store.delete("g/2")
      var expected = FolderDigest(["1", "2", "3"])
      expected.remove("2")
      #expect(try store.digest(of: "g") == expected)
      try store.put("g/4", [1])
      #expect(try store.digest(of: "g") != FolderDigest(["1", "2", "3"]))
    }
  }

  @Test(arguments: Kind.allCases) func foldersComeWithTheirStamps(_ kind: Kind) throws {
    try withStore(kind) { store in
      #expect(try store.folders(in: "h").isEmpty)
      for name in ["h/b/1", "h/a/1", "h/c/1", "h/stray"] { try store.put(name, [1]) }
      let folders = try store.folders(in: "h")
      #expect(folders.map(\.name) == ["a", "b", "c"])
      for (name, stamp) in folders {
        let alone = try store.stamp(of: "h/\(name)")
        #expect(stamp == alone)
      }
    }
  }

  @Test(arguments: Kind.allCases) func locksExclude(_ kind: Kind) throws {
    try withStore(kind) { store in
      try store.put("locks/l", [])
      var one = try store.tryLock("locks/l", .shared)
      var two = try store.tryLock("locks/l", .shared)
      #expect(one != nil && two != nil)
      #expect(try store.tryLock("locks/l", .exclusive) == nil)
      one = nil
      two = nil
      var alone = try store.tryLock("locks/l", .exclusive)
      #expect(alone != nil)
      #expect(try store.tryLock("locks/l", .shared) == nil)
      #expect(try store.lock("locks/l", .shared, timeout: 0.05) == nil)
      alone = nil
      #expect(try store.lock("locks/l", .shared, timeout: 0) != nil)
    }
  }

  @Test func aLocalStoreIsPrivateWhateverTheUmask() throws {
    try withStore(.local) { store in
      try store.put("a/b", [1])
      let root = FilePath(store.location)
      #expect(try FileStatus(at: root.appending("a")).permissions == 0o700)
      #expect(try FileStatus(at: root.appending("a").appending("b")).permissions == 0o600)
    }
  }
}
