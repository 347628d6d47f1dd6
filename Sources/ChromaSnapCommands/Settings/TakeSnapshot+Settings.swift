import ChromaSnap
import SnapshotRepository

extension Settings {
  /// What a snapshot is called. Checked only by who takes one, so that whoever wants a snapshot back is not stopped by it.
  func snapshotName(option: String? = nil) throws(SnapshotError) -> String {
    let name = option ?? self[SettingTable.name]
    do throws(SnapshotError) { try SnapshotName.validate(name) } catch {
      var error = error
      if option == nil { error.message = "\(origin(of: SettingTable.name).text): \(error.message)" }
      throw error
    }
    return name
  }
}

extension TakeSnapshot {
  /// How a snapshot is taken, by the options of the command line if they are given, else by what is set.
  mutating func take(
    _ settings: Settings, _ saving: SavingOptions, tags: [String] = [], description: String? = nil,
    includesOrphans: Bool? = nil, health: Bool? = nil, healthLimit: Duration? = nil, level: Int? = nil
  ) throws(SnapshotError) {
    self.tags = try settings.value(SettingTable.tags, option: tags.isEmpty ? nil : tags)
    self.description = try settings.value(SettingTable.description, option: description)
    let isTidy = try settings.value(SettingTable.excludesTemporary, option: saving.excludesTemporary)
    self.excludes = isTidy ? IgnoreRules.temporaryFiles : []
    self.excludes += try settings.value(SettingTable.excludes, option: saving.excludes.isEmpty ? nil : saving.excludes)
    self.includesOrphans = try settings.value(SettingTable.includesOrphans, option: includesOrphans)
    self.level = try settings.value(SettingTable.level, option: level)
    healthSecondsMax = try settings.value(SettingTable.healthLimit, option: healthLimit).seconds
    examinesHealth = try settings.value(SettingTable.health, option: health)
  }
}
