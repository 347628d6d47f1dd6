import SnapshotFormat
import SystemIO

/// The rates of the parts, in bytes per second of one thread.
enum Parts {
  private static let parameters = ChunkingParameters(gearSeed: String(repeating: "5a", count: 16))

  static func chunker(_ samples: Samples) -> Double {
    let chunker = GearChunker(parameters)
    return Rate.of(Samples.bytes) {
      var start = 0
      while start < Samples.bytes { start += chunker.cut(samples.text.rawSpan.extracting(start...)) }
    }
  }

  static func hash(_ samples: Samples) -> Double {
    Rate.of(Samples.bytes) {
      Samples.forEachChunk { range in _ = ChunkID(of: samples.text.rawSpan.extracting(range)) }
    }
  }

  static func hashTogether(_ samples: Samples) -> Double {
    samples.text.withUnsafeBytes { bytes in
      var chunks: [UnsafeRawBufferPointer] = []
      Samples.forEachChunk { chunks.append(UnsafeRawBufferPointer(rebasing: bytes[$0])) }
      return Rate.of(Samples.bytes) { _ = ChunkID.ids(of: chunks) }
    }
  }

  static func checksum(_ samples: Samples) -> Double {
    Rate.of(Samples.bytes) {
      Samples.forEachChunk { range in _ = Sealer.checksum(samples.text.rawSpan.extracting(range)) }
    }
  }

  static func seal(_ data: [UInt8]) -> Double {
    var sealer = Sealer()
    var output = ByteBuffer(capacity: Limits.storedChunkBytes)
    return Rate.of(Samples.bytes) {
      Samples.forEachChunk { range in
        output.count = 0
        _ = sealer.seal(data.rawSpan.extracting(range), at: UInt64(range.lowerBound), into: &output)
      }
    }
  }

  static func open(_ data: [UInt8]) throws -> Double {
    var sealer = Sealer()
    var output = ByteBuffer(capacity: Limits.storedChunkBytes)
    var sealed: [(bytes: [UInt8], encoding: Encoding)] = []
    Samples.forEachChunk { range in
      output.count = 0
      let encoding = sealer.seal(data.rawSpan.extracting(range), at: UInt64(range.lowerBound), into: &output)
      sealed.append(([UInt8](output.pointer), encoding))
    }
    return try Rate.of(Samples.bytes) {
      for chunk in sealed {
        output.count = 0
        try sealer.open(chunk.bytes.rawSpan, chunk.encoding, length: Samples.chunkBytes, into: &output)
      }
    }
  }

  static func patch(_ samples: Samples) -> Double {
    var sealer = Sealer()
    var output = ByteBuffer(capacity: Limits.storedChunkBytes)
    return Rate.of(Samples.bytes) {
      Samples.forEachChunk { range in
        output.count = 0
        let isSmaller = sealer.sealPatch(
          samples.changedText.rawSpan.extracting(range), base: samples.text.rawSpan.extracting(range),
          limit: Samples.chunkBytes / 2, into: &output)
        precondition(isSmaller, "a patch of a fiftieth of a chunk is small")
      }
    }
  }

  static func unpatch(_ samples: Samples) throws -> Double {
    var sealer = Sealer()
    var output = ByteBuffer(capacity: Limits.storedChunkBytes)
    var patches: [[UInt8]] = []
    Samples.forEachChunk { range in
      output.count = 0
      _ = sealer.sealPatch(
        samples.changedText.rawSpan.extracting(range), base: samples.text.rawSpan.extracting(range),
        limit: Samples.chunkBytes / 2, into: &output)
      patches.append([UInt8](output.pointer))
    }
    var number = 0
    return try Rate.of(Samples.bytes) {
      for start in stride(from: 0, to: Samples.bytes, by: Samples.chunkBytes) {
        output.count = 0
        output.append(samples.text.rawSpan.extracting(start..<start + Samples.chunkBytes))
        let patch = patches[number % patches.count]
        try sealer.applyPatch(patch.rawSpan, length: Samples.chunkBytes, to: &output)
        number += 1
      }
    }
  }
}
