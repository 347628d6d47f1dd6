import SystemIO

/// Checks the structure of a persisted HNSW index.
///
/// Reads `data_level0.bin` and `link_lists.bin` once each, from their start to their end; memory is 8 bytes per element
/// beside one buffer. Never reads beyond what the header counts, however large a file is.
package struct HNSWValidator {
  /// The files of the folder; a folder that lacks the pickle has never been persisted, and Chroma ignores it.
  package typealias Files = [HNSWFile: any RandomAccessFile]

  /// What was found.
  package struct Report: Sendable {
    package var header: HNSWHeader?
    package var metadata: IndexMetadata?
    /// Elements marked as deleted.
    package var deleted = 0
    package var problems: [HNSWProblem] = []
  }

  private let files: Files
  private var report = Report()

  /// Checks a folder.
  /// - Parameters:
  ///   - dimension: What the collection says, where it is known.
  ///   - isSound: These very files were checked before: only the header and the id map are read.
  /// - Throws: Only what reading the files throws; what is wrong with their content is in the report.
  package static func check(_ files: Files, dimension: Int? = nil, isSound: Bool = false) throws -> Report {
    guard files[.metadata] != nil else { return Report() }
    var validator = HNSWValidator(files: files)
    try validator.run(dimension: dimension, isSound: isSound)
    return validator.report
  }

  private init(files: Files) { self.files = files }

  private mutating func note(_ code: HNSWProblem.Code, _ file: HNSWFile, _ message: String) {
    report.problems.append(HNSWProblem(code, file, message))
  }

  private mutating func run(dimension: Int?, isSound: Bool) throws {
    for file in HNSWFile.allCases where files[file] == nil {
      note(.missingFile, file, "\(file.rawValue) is missing")
    }
    try readMetadata()
    guard let headerFile = files[.header] else { return }
    let bytes = headerFile.size == UInt64(HNSWHeader.byteCount) ? try headerFile.bytes(at: 0, count: 100) : []
    guard let header = HNSWHeader(bytes) else {
      return note(.header, .header, "header.bin (\(headerFile.size) bytes) is not a header of hnswlib")
    }
    report.header = header
    checkHeader(header, dimension: dimension)
    if isSound { return }
    var labels: [UInt64]?
    if let data = files[.data] { labels = try checkLevelZero(data, header) }
    if let lengths = files[.lengths], lengths.size < header.count * 4 {
      note(.size, .lengths, "length.bin has \(lengths.size) bytes, \(header.count) elements need \(header.count * 4)")
    }
    if let links = files[.links] { try checkUpperLevels(links, header) }
    if let labels { checkLabels(labels) }
  }

  private mutating func readMetadata() throws {
    guard let file = files[.metadata] else { return }
    do { report.metadata = try PickleReader.read(file) } catch let error as PickleError {
      note(.pickle, .metadata, "index_metadata.pickle: \(error)")
    }
    if let metadata = report.metadata, !metadata.mapsAgree {
      note(.labels, .metadata, "index_metadata.pickle: its maps between ids and labels are not each other's inverse")
    }
  }

  private mutating func checkHeader(_ header: HNSWHeader, dimension: Int?) {
    if header.count > header.capacity {
      note(.header, .header, "header.bin counts \(header.count) elements, with room for \(header.capacity)")
    }
    if header.count == 0 ? header.highestLevel != -1 : !(0...63).contains(header.highestLevel) {
      note(.level, .header, "header.bin claims level \(header.highestLevel) with \(header.count) elements")
    }
    if header.count > 0, UInt64(header.entryPoint) >= header.count {
      note(.level, .header, "header.bin enters at element \(header.entryPoint) of \(header.count)")
    }
    let claimed = [dimension, report.metadata?.dimension.map { Int(clamping: $0) }]
    for case let claimed? in claimed where claimed != header.dimension {
      note(.dimension, .header, "vectors have \(header.dimension) numbers in header.bin, \(claimed) are expected")
      break
    }
  }

  /// Returns the labels of the elements that are not deleted, sorted; `nil` where the file is too short to tell.
  private mutating func checkLevelZero(
    _ file: any RandomAccessFile, _ header: HNSWHeader
  ) throws -> [UInt64]? {
    guard file.size >= header.dataSize else {
      note(.size, .data, "data_level0.bin has \(file.size) bytes, its header needs \(header.dataSize)")
      return nil
    }
    let stride = Int(header.stride)
    let limit = UInt32(header.maxLinksLevelZero)
    let count = UInt32(truncatingIfNeeded: header.count)
    var all: [UInt64] = []
    var live: [UInt64] = []
    all.reserveCapacity(Int(header.count))
    var badCounts = 0
    var badLinks = 0
    var reader = SequentialReader(file, capacity: max(1 << 20, stride))
    for _ in 0..<header.count {
      guard try reader.require(stride) else {
        note(.size, .data, "data_level0.bin ends at \(reader.offset)")
        return nil
      }
      let (links, bad, deleted, label) = unsafe Self.examine(
        reader.pointer, labelOffset: Int(header.labelOffset), limit: limit, count: count)
      if links > limit { badCounts += 1 }
      if bad { badLinks += 1 }
      all.append(label)
      if deleted { report.deleted += 1 } else { live.append(label) }
      reader.skip(stride)
    }
    if badCounts > 0 {
      note(.linkCount, .data, "data_level0.bin: \(badCounts) elements have more than \(limit) links")
    }
    if badLinks > 0 {
      note(.linkRange, .data, "data_level0.bin: \(badLinks) elements link to elements that do not exist")
    }
    all.sort()
    let repeated = zip(all, all.dropFirst()).count { $0 == $1 }
    if repeated > 0 { note(.duplicateLabels, .data, "data_level0.bin: \(repeated) labels stand twice") }
    live.sort()
    return live
  }

  private static func examine(
    _ record: UnsafeRawPointer, labelOffset: Int, limit: UInt32, count: UInt32
  ) -> (links: UInt32, bad: Bool, deleted: Bool, label: UInt64) {
    let links = UInt32(unsafe UInt16(littleEndian: record.loadUnaligned(as: UInt16.self)))
    var bad = false
    if links <= limit {
      for i in 0..<Int(links) {
        let to = unsafe UInt32(littleEndian: record.loadUnaligned(fromByteOffset: 4 + 4 * i, as: UInt32.self))
        bad = bad || to >= count
      }
    }
    let deleted = unsafe record.load(fromByteOffset: 2, as: UInt8.self) & 1 != 0
    let label = unsafe UInt64(littleEndian: record.loadUnaligned(fromByteOffset: labelOffset, as: UInt64.self))
    return (links, bad, deleted, label)
  }

  private mutating func checkUpperLevels(_ file: any RandomAccessFile, _ header: HNSWHeader) throws {
    let perLevel = header.levelByteCount
    var reader = SequentialReader(file, capacity: max(1 << 20, perLevel))
    var highest: Int32 = header.count == 0 ? -1 : 0
    for element in 0..<header.count {
      guard try reader.require(4) else {
        return note(.size, .links, "link_lists.bin ends at element \(element) of \(header.count)")
      }
      let size = Int(reader.take(UInt32.self))
      let levels = size / perLevel
      guard size % perLevel == 0, levels <= 63 else {
        return note(.size, .links, "link_lists.bin: element \(element) claims \(size) bytes of links")
      }
      for _ in 0..<levels {
        guard try reader.require(perLevel) else {
          return note(.size, .links, "link_lists.bin ends within element \(element) of \(header.count)")
        }
        let (links, bad) = unsafe Self.examineLevel(
          reader.pointer, limit: UInt32(header.maxLinks), count: UInt32(truncatingIfNeeded: header.count))
        if links > UInt32(header.maxLinks) {
          return note(.linkCount, .links, "link_lists.bin: element \(element) has \(links) links on one level")
        }
        if bad {
          return note(.linkRange, .links, "link_lists.bin: element \(element) links to an element that does not exist")
        }
        reader.skip(perLevel)
      }
      highest = max(highest, Int32(levels))
    }
    if reader.offset < file.size {
      note(.size, .links, "link_lists.bin has \(file.size - reader.offset) bytes behind its last element")
    }
    if highest != header.highestLevel {
      note(.level, .header, "header.bin claims level \(header.highestLevel), the links reach level \(highest)")
    }
  }

  private static func examineLevel(
    _ record: UnsafeRawPointer, limit: UInt32, count: UInt32
  ) -> (links: UInt32, bad: Bool) {
    let (links, bad, _, _) = unsafe examine(record, labelOffset: 0, limit: limit, count: count)
    return (links, bad)
  }

  private mutating func checkLabels(_ live: [UInt64]) {
    guard let metadata = report.metadata else { return }
    let mapped = metadata.labels.sorted()
    guard mapped != live else { return }
    note(
      .labels, .metadata,
      "index_metadata.pickle maps \(mapped.count) labels, data_level0.bin has \(live.count) that are not deleted, "
        + "and they are not the same")
  }
}
