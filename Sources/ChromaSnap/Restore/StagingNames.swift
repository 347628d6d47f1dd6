/// What a restore calls the things that it puts beside or into its target while it works. Snapshots leave them out.
enum StagingNames {
  /// Folders: `.chromasnap-` and what they are for.
  static let prefix = Array(".chromasnap-".utf8)

  static func isOurs(_ name: some Collection<UInt8>) -> Bool { name.starts(with: prefix) }
}
