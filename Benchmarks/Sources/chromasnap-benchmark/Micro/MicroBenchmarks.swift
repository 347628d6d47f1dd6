import CMeasurement
import Foundation
import SnapshotFormat
import SystemIO

/// The parts by themselves, each as a share of what limits it: where a regression is.
enum MicroBenchmarks: Workload {
  static let name = "micro"

  static func run(_ settings: Settings) throws -> Report.Section {
    say("micro: the parts by themselves")
    let samples = Samples()
    let copy = Ceilings.copy(samples), compare = Ceilings.compare(samples)
    var rates = try hashing(samples, settings, compare)
    rates += [
      Rate(
        part: "chunker", measured: Parts.chunker(samples), ceiling: "memcmp", limit: compare),
      Rate(
        part: "text, zstd", measured: Parts.seal(samples.text), ceiling: "libzstd",
        limit: Ceilings.zstd(samples.text)),
      Rate(
        part: "text, decode", measured: try Parts.open(samples.text), ceiling: "libzstd",
        limit: Ceilings.unzstd(samples.text)),
      Rate(
        part: "floats, exponent plane", measured: Parts.seal(samples.floats), ceiling: "memcpy", limit: copy),
      Rate(
        part: "floats, decode", measured: try Parts.open(samples.floats), ceiling: "memcpy", limit: copy),
      Rate(
        part: "links, byte planes", measured: Parts.seal(samples.links), ceiling: "libzstd",
        limit: Ceilings.zstd(samples.links)),
      Rate(
        part: "links, decode", measured: try Parts.open(samples.links), ceiling: "libzstd",
        limit: Ceilings.unzstd(samples.links)),
      Rate(
        part: "patch, encode", measured: Parts.patch(samples), ceiling: "memcmp", limit: compare),
      Rate(
        part: "patch, decode", measured: try Parts.unpatch(samples), ceiling: "memcpy", limit: copy),
      Rate(part: "CRC-32", measured: Parts.checksum(samples), ceiling: "memcmp", limit: compare),
    ]
    rates += try Stores.rates(samples, settings)

    var section = Report.Section(name, "The parts by themselves")
    section.remarks = [
      "One thread's processor time, except for packs and deflate, which are by the clock. Of 16 MiB in chunks of 256 KiB."
    ]
    var table = Table(["part", "rate", "limit", "its rate", "share"])
    for rate in rates {
      let scale = rate.unit == "MB/s" ? 1e6 : 1
      table.rows.append([
        rate.part, "\(short(rate.measured / scale)) \(rate.unit)", rate.ceiling,
        "\(short(rate.limit / scale)) \(rate.unit)",
        rate.limit > 0 ? "\(short(100 * rate.measured / rate.limit)) %" : "",
      ])
    }
    section.tables = [table]
    return section
  }

  private static func hashing(_ samples: Samples, _ settings: Settings, _ compare: Double) throws -> [Rate] {
    let openssl = try Ceilings.openssl(settings)
    let (name, limit) = openssl.map { ("openssl speed", $0) } ?? ("memcmp", compare)
    return [
      Rate(part: "SHA-256", measured: Parts.hash(samples), ceiling: name, limit: limit),
      Rate(
        part: "SHA-256, \(ChunkID.hashedAtOnce) at once", measured: Parts.hashTogether(samples), ceiling: name,
        limit: limit),
    ]
  }
}

/// What the parts can't pass.
enum Ceilings {
  static func copy(_ samples: Samples) -> Double {
    let target = UnsafeMutableRawPointer.allocate(byteCount: Samples.bytes, alignment: 64)
    defer { target.deallocate() }
    return samples.text.withUnsafeBytes { bytes in
      Rate.of(Samples.bytes) { memory_copied(target, bytes.baseAddress, bytes.count) }
    }
  }

  static func compare(_ samples: Samples) -> Double {
    let other = samples.text + []
    return samples.text.withUnsafeBytes { a in
      other.withUnsafeBytes { b in
        Rate.of(Samples.bytes) { precondition(memory_differs(a.baseAddress, b.baseAddress, a.count) == 0) }
      }
    }
  }

  static func zstd(_ data: [UInt8]) -> Double {
    let room = ByteBuffer(capacity: 2 * Samples.chunkBytes)
    return data.withUnsafeBytes { bytes in
      Rate.of(Samples.bytes) {
        Samples.forEachChunk { range in
          precondition(
            zstd_compressed(
              room.storage.baseAddress, room.capacity, bytes.baseAddress! + range.lowerBound, range.count, 1) > 0)
        }
      }
    }
  }

  static func unzstd(_ data: [UInt8]) -> Double {
    let room = ByteBuffer(capacity: 2 * Samples.chunkBytes)
    var frames: [[UInt8]] = []
    data.withUnsafeBytes { bytes in
      Samples.forEachChunk { range in
        let count = zstd_compressed(
          room.storage.baseAddress, room.capacity, bytes.baseAddress! + range.lowerBound, range.count, 1)
        frames.append(Array(room.storage[..<count]))
      }
    }
    return Rate.of(Samples.bytes) {
      for frame in frames {
        precondition(zstd_decompressed(room.storage.baseAddress, room.capacity, frame, frame.count) > 0)
      }
    }
  }

  static func zlib(_ data: [UInt8], level: Int32) -> Double {
    let room = ByteBuffer(capacity: 2 * Samples.chunkBytes)
    return data.withUnsafeBytes { bytes in
      Rate.of(Samples.bytes) {
        Samples.forEachChunk { range in
          precondition(
            zlib_deflated(
              room.storage.baseAddress, room.capacity, bytes.baseAddress! + range.lowerBound, range.count, level) > 0)
        }
      }
    }
  }

  /// `nil` where openssl is not installed.
  static func openssl(_ settings: Settings) throws -> Double? {
    guard let program = Command.find("openssl") else { return nil }
    let command = Command(
      [program, "speed", "-mr", "-seconds", "1", "-bytes", "\(Samples.chunkBytes)", "-evp", "sha256"], in: settings.work
    )
    // +F:number:name:bytes per second
    let said = try command.output(log: "\(settings.work)/log-openssl")
    return said.split(separator: "\n").last { $0.hasPrefix("+F") }?.split(separator: ":").last.flatMap { Double($0) }
  }
}
