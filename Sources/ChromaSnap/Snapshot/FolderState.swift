import SnapshotFormat
import SystemIO

/// How the entries of one folder were when a snapshot read them: what tells, without reading, that nothing has changed.
///
/// Kept in the local catalogue only. Bytes, little-endian: u32 length of the stat part; the stat part, for each entry in
/// the order of names: u16 length of the name, name, u8 kind, u64 size, i64 + u32 modified, i64 + u32 changed, u64 inode;
/// then for each entry u8 flags (1: not to be trusted) and u64 fingerprint of page 1 where it is an SQLite database, else 0.
struct FolderState: Sendable {
  /// What is known of one entry beside its stat data.
  struct Mark: Hashable, Sendable {
    /// Whether equal stat data mean an unchanged file: not where it was written so shortly before it was read that the
    /// clock's coarse ticks could hide another write.
    var isTrusted = true
    /// Of an SQLite database: a hash of its first page, which holds the change counter.
    var pageFingerprint: UInt64 = 0
  }

  /// One entry's stat data, as bytes to compare.
  typealias Stat = [UInt8]

  /// Bytes of an entry's stat part beside its name.
  private static let fixedBytes = 43

  /// The stat part of a folder, in one pass: of a source where nothing has changed it is all that is made.
  static func stat(of entries: [ScannedEntry]) -> [UInt8] {
    let size = entries.reduce(0) { $0 + fixedBytes + $1.name.count }
    return unsafe [UInt8](unsafeUninitializedCapacity: size) { bytes, count in
      let bytes = UnsafeMutableRawBufferPointer(bytes)
      var end = 0
      func append(_ value: some FixedWidthInteger & BitwiseCopyable) {
        unsafe bytes.storeBytes(of: value.littleEndian, toByteOffset: end, as: type(of: value))
        end += MemoryLayout.size(ofValue: value)
      }
      for entry in entries {
        let status = entry.status
        append(UInt16(entry.name.count))
        unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[end...]).copyBytes(from: entry.name)
        end += entry.name.count
        append(status.kind.rawValue)
        append(status.kind == .directory ? 0 : status.size)
        append(status.modified.seconds)
        append(status.modified.nanoseconds)
        append(status.changed.seconds)
        append(status.changed.nanoseconds)
        append(status.inode)
      }
      count = end
    }
  }

  static func encode(stat: [UInt8], marks: [Mark]) -> [UInt8] {
    var writer = ByteWriter(reserving: stat.count + 4 + 9 * marks.count)
    writer.append(UInt32(stat.count))
    writer.append(stat)
    for mark in marks {
      writer.append(mark.isTrusted ? UInt8(0) : 1)
      writer.append(mark.pageFingerprint)
    }
    return writer.bytes
  }

  let stat: [UInt8]
  let marks: [Mark]

  /// `nil` where the bytes make no sense: then nothing is known.
  init?(decoding bytes: [UInt8]) {
    var reader = ByteReader(bytes.rawSpan, subject: "folder's state")
    do throws(FormatError) {
      stat = try reader.bytes(Int(try reader.integer(UInt32.self)))
      var marks: [Mark] = []
      while reader.remaining > 0 {
        let flags = try reader.integer(UInt8.self)
        marks.append(Mark(isTrusted: flags == 0, pageFingerprint: try reader.integer()))
      }
      self.marks = marks
    } catch { return nil }
  }

  /// Each entry's stat data and mark by name, where the folder as a whole has changed.
  var byName: [[UInt8]: (stat: Stat, mark: Mark)] {
    var result: [[UInt8]: (stat: Stat, mark: Mark)] = [:]
    var at = 0
    for mark in marks {
      guard at + 2 <= stat.count else { break }
      let length = Int(stat[at]) | Int(stat[at + 1]) << 8
      let end = at + Self.fixedBytes + length
      guard end <= stat.count else { break }
      result[Array(stat[at + 2..<at + 2 + length])] = (Array(stat[at..<end]), mark)
      at = end
    }
    return result
  }
}
