package import ObjectStorage
package import SnapshotFormat
import SystemIO
import SystemPackage

/// Reads packs' tables of contents from the store.
package struct PackTableReader: Sendable {
  private let store: any ObjectStore

  package init(store: any ObjectStore) { self.store = store }

  /// The table of a pack, checked against its checksum, the pack's id and the pack's length.
  package func table(of pack: ChunkID) throws(SnapshotError) -> PackTable {
    var sealer = Sealer()
    return try table(of: pack, &sealer)
  }

  /// The same with a sealer that is made once for many.
  func table(of pack: ChunkID, _ sealer: inout Sealer) throws(SnapshotError) -> PackTable {
    let object = ObjectNames.pack(pack)
    do {
      let length = try store.size(of: object)
      guard length >= UInt64(PackLayout.headerBytes + PackLayout.footerBytes), length <= UInt64(Limits.packBytes) else {
        throw FormatError(.truncated, "a pack of \(length) bytes cannot be whole")
      }
      let footer = try PackLayout.footer(
        decoding: store.read(
          object, at: length - UInt64(PackLayout.footerBytes), count: PackLayout.footerBytes))
      let before = UInt64(footer.tableStoredLength + PackLayout.footerBytes)
      guard footer.id == pack, before + UInt64(PackLayout.headerBytes) <= length else {
        throw FormatError(.inconsistent, "a pack's footer does not fit the pack")
      }
      let stored = try store.read(object, at: length - before, count: footer.tableStoredLength)
      return try PackLayout.table(decoding: stored, footer: footer, packLength: length, sealer: &sealer)
    } catch {
      throw Self.failure(error, in: pack)
    }
  }

  static func failure(_ error: any Error, in pack: ChunkID, chunk: ChunkID? = nil) -> SnapshotError {
    var failure =
      switch error {
      case let error as SnapshotError: error
      case let error as StoreError: SnapshotError(reading: error)
      case let error as FormatError: SnapshotError(error)
      default: SnapshotError(.failed, "reading a pack: \(error)")
      }
    failure.pack = pack
    failure.chunk = chunk
    return failure
  }
}

extension SnapshotError {
  /// What it means that a pack can't be read: where the disk is at fault, or it is not there, the pack is as good as damaged,
  /// and what it holds may be elsewhere too.
  fileprivate init(reading cause: StoreError) {
    self.init(cause, while: "reading a pack")
    guard cause.code == .notFound || cause.isDamage else { return }
    code = .damaged
    hint = Self.runCheck
  }
}
